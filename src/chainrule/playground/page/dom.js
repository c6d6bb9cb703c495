/**
 * Small helpers to make elements. Text is always set as text, never as markup: names of columns and files come from outside.
 */

/**
 * Make an element.
 * @param {string} tag
 * @param {Object} [attributes] `class`, `text`, `on` ({event: handler}), `data` (dataset), properties (`value`, `checked`, `disabled`,
 *   `hidden`, `type`, ...) and attributes (`aria-*`, `role`, `for`, ...); null and undefined are left out.
 * @param {...(Node|string|null)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) put(element, name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function put(element, name, value) {
  if (name === "class") element.className = value;
  else if (name === "text") element.textContent = value;
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "on") Object.entries(value).forEach(([event, handler]) => element.addEventListener(event, handler));
  else if (name in element && !name.includes("-") && name !== "list") element[name] = value;
  else element.setAttribute(name, value);
}

/** A native button. `attributes.icon` may be the name of a picture of `icon()`. */
export function button(text, click, { icon: picture, ...attributes } = {}) {
  const face = picture ? [icon(picture), el("span", { class: "face", text })] : [text];
  return el("button", { type: "button", on: { click }, ...attributes }, ...face);
}

/**
 * A number that opens its explanation.
 * @param {App} app
 * @param {string} text
 * @param {() => Object} what of `app.explain`, asked when it is pressed
 */
export function explained(app, text, what, { data, ...attributes } = {}) {
  return button(text, () => app.explain(what()), { ...attributes, data: { ...data, explains: "" } });
}

/** What may be wider than its place: it scrolls by itself, by keyboard too. */
export function scrolling(label, ...children) {
  return el("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": label }, ...children);
}

/**
 * A table of numbers.
 * @param {string[]} heads of the columns
 * @param {(string|Node)[][]} rows their cells
 * @param {boolean} [named] whether the first cell of every row is its head
 */
export function numberTable(heads, rows, named = false) {
  const head = el("tr", {}, heads.map((text) => el("th", { scope: "col", text })));
  const cell = (content, at) => (named && at === 0 ? el("th", { scope: "row" }, content) : el("td", {}, content));
  const body = rows.map((cells) => el("tr", {}, cells.map(cell)));
  return el("table", { class: "numbers" }, el("thead", {}, head), el("tbody", {}, body));
}

/** Details that are filled when they are opened. */
export function folded(text, toggle, ...children) {
  return el("details", { class: "view-options", on: { toggle } }, el("summary", { text }), ...children);
}

const PICTURES = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  step: "M6 5l8 7-8 7zM16 5h3v14h-3z",
  back: "M18 5l-8 7 8 7zM5 5h3v14H5z",
  reset: "M12 5a7 7 0 1 1-6.6 4.7l1.9.7A5 5 0 1 0 12 7v3L7 6l5-4z",
  dice: "M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm0 2v14h14V5zm2.5 1.5a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6zm9 7.4a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6zM12 10.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  minus: "M5 11h14v2H5z",
  cross: "M6.4 5L12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6l5.6-5.6L5 6.4z",
};

/** A decorative picture, hidden from screen readers: the text beside it says the same. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon", focusable: "false" })) {
    picture.setAttribute(key, value);
  }
  path.setAttribute("d", PICTURES[name]);
  path.setAttribute("fill-rule", "evenodd");
  picture.append(path);
  return picture;
}

/** Replace what is in braces: fill("{n} rows", {n: 5}). */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A text of the catalogue by its path, such as "run.play"; the path itself where it is missing, so that the gap is seen. */
export function lookup(strings, path) {
  const found = path.split(".").reduce((branch, key) => branch?.[key], strings);
  return typeof found === "string" ? found : path;
}

/** A number as people read it: about `digits` significant ones, no trailing zeros, powers of ten only at the ends. */
export function short(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-4 || size >= 1e7) ? value.toExponential(digits - 1).replace(/\.?0+e/, "e") : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−").replace("e+", "e");
}

/** A count with thin gaps between the thousands. */
export function count(value) {
  return value === null || value === undefined ? "–" : Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A text of the library as a sentence: a capital, a full stop, no marks of code. */
export function sentence(text) {
  if (!text) return "";
  const plain = text.replaceAll("`", "");
  const whole = plain.charAt(0).toUpperCase() + plain.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

export function finite(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** Whether the reader asked for little motion. */
export function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Whether an element can be seen (its tab is open, nothing around it is hidden). */
export function visible(element) {
  // An element without a box of its own is seen where its first part is.
  const seen = getComputedStyle(element).display === "contents" ? element.firstElementChild : element;
  return element.isConnected && seen.checkVisibility();
}

/** Whether keys belong to a field just now. */
export function typing(target) {
  if (!(target instanceof Element)) return false;
  return target.matches("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button])");
}

let serial = 0;

/** An id that no other element has. */
export function fresh(prefix = "e") {
  serial += 1;
  return `${prefix}-${serial}`;
}

/**
 * A speaker for screen readers: polite, at most one sentence in two seconds, the newest wins.
 * @param {HTMLElement} region an element with aria-live
 * @returns {(text: string) => void}
 */
export function speaker(region, pause = 2000) {
  let waiting = null;
  let last = -Infinity;
  let timer = 0;
  const speak = () => {
    timer = 0;
    last = performance.now();
    region.textContent = waiting;
  };
  return (text) => {
    waiting = text;
    if (!timer) timer = setTimeout(speak, Math.max(0, last + pause - performance.now()));
  };
}

/** Call `work` once, `wait` ms after the last request for it. */
export function later(work, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), wait);
  };
}

/** Put a text into the clipboard; gives whether the browser let us. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Hand a file to the reader. */
export function download(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = el("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
