/** One step of a calculation: its formula, the formula with the numbers, its value, and links to what it follows from. */

import { button, el, fill, short } from "../dom.js";
import { views } from "../strings/views.js";

const WORDS = views.explain;
const SPACE = "http://www.w3.org/1998/Math/MathML";
const HARMLESS = [
  "display",
  "displaystyle",
  "form",
  "stretchy",
  "fence",
  "separator",
  "lspace",
  "rspace",
  "width",
  "accent",
  "alttext",
  "aria-hidden",
];
const DIGITS = 6;

const PARAMETER = /^(weight|bias)-l(\d+)-u(\d+)(?:-s(\d+))?$/;
const INPUT = /^input-u(\d+)(?:-r\d+)?$/;

/** What to ask for to explain the number with that id: parameters and inputs have explanations of their own. */
export function whatIs(id) {
  const [, kind, layer, unit, source] = PARAMETER.exec(id) ?? [];
  if (kind)
    return { kind, layer: Number(layer), unit: Number(unit), ...(source === undefined ? {} : { source: Number(source) }) };
  const [, input] = INPUT.exec(id) ?? [];
  return input === undefined ? { kind: "id", id } : { kind: "input", unit: Number(input) };
}

/** The unit that a number belongs to, as something to ask for: large networks have steps of their units only one at a time. */
export function unitOf(id) {
  const [, layer, unit] = /-l(\d+)-u(\d+)/.exec(id) ?? [];
  return layer === undefined ? null : { kind: "unit", layer: Number(layer), unit: Number(unit) };
}

/** What a number is called that is no step of the chain. */
export function called(id, network) {
  const what = whatIs(id);
  if (what.kind === "input") return network.name(0, what.unit);
  if (what.kind === "bias") return fill(WORDS.biasOf, { unit: network.name(what.layer + 1, what.unit) });
  if (what.kind === "weight") return fill(WORDS.weightFrom, { from: network.name(what.layer, what.source) });
  const words = id.replace(/-[lurs]\d+/g, "").replace(/[-_]/g, " ");
  const unit = unitOf(id);
  return arrayName(id) ?? (unit ? fill(WORDS.of, { words, unit: network.name(unit.layer + 1, unit.unit) }) : words);
}

function arrayName(id) {
  return id.startsWith("target") ? WORDS.arrays.target : WORDS.arrays[id.replace(/-[lr]\d+/g, "")];
}

/**
 * @param {Object} step of explain() or slow()
 * @param {Object} given
 * @param {Map<string, Object>} given.known steps by id, for the names of the links
 * @param {Network} given.network for the names of what is no step
 * @param {(id: string) => void} given.follow called with the id of a step that a link leads to
 * @param {(step: Object|null) => void} [given.over] called when the step is pointed at, and with null afterwards
 * @param {boolean} [given.words] whether the sentence is shown too
 */
export function stepBox(step, { known, follow, network, over = () => {}, words = true }) {
  const parents = (step.parents ?? []).slice(0, 24).map((id) => parent(id, known, follow, network));
  const more = (step.parents?.length ?? 0) > 24 ? ` ${fill(WORDS.more, { n: step.parents.length - 24 })}` : "";
  const box = el(
    "div",
    { class: "step", id: `step-${step.id}`, tabIndex: -1 },
    el("p", { class: "step-formula" }, formula(step)),
    step.numbers && !plainNumber(step) ? el("p", { class: "step-numbers" }, "= ", step.numbers) : null,
    el("p", { class: "step-value" }, "= ", el("strong", { text: worth(step) })),
    words && step.text ? el("p", { class: "step-text", text: step.text }) : null,
    parents.length
      ? el("p", { class: "step-parents" }, WORDS.from, " ", ...parents.flatMap((one, at) => (at ? [", ", one] : [one])), more)
      : null,
  );
  for (const event of ["pointerenter", "focusin"]) box.addEventListener(event, () => over(step));
  for (const event of ["pointerleave", "focusout"]) box.addEventListener(event, () => over(null));
  return box;
}

// What is given, and whole arrays: there is nothing behind them.
function parent(id, known, follow, network) {
  const name = known.get(id)?.name ?? called(id, network);
  return !known.has(id) && arrayName(id) ? el("span", { text: name }) : link(name, () => follow(id), id);
}

/** A link that opens a number. */
export function link(text, open, target = "") {
  return button(text, open, { class: "link", data: { target } });
}

/** What stands for an array of too many numbers. */
export function shapeText(shape) {
  return fill(WORDS.array, { shape: shape.join(" × ") });
}

/** The value of a step in words. */
export function worth({ value, shape }) {
  return value === null && shape?.length ? shapeText(shape) : number(value);
}

/** A number or numbers, as they are shown. */
export function number(value) {
  // A column of single numbers reads as a list.
  if (Array.isArray(value) && value.every((one) => Array.isArray(one) && one.length === 1)) return number(value.flat());
  if (Array.isArray(value)) return `[${value.slice(0, 12).map(number).join(", ")}${value.length > 12 ? ", …" : ""}]`;
  return typeof value === "string" ? value : short(value, DIGITS);
}

// "= 0.5" under "= 0.5" says nothing.
function plainNumber(step) {
  return !/[^\d\s.,eE+\-−[\]]/.test(step.numbers) || step.numbers === step.formula;
}

function formula(step) {
  const plain = step.formula && step.formula !== step.name ? `${step.name} = ${step.formula}` : step.name;
  const found = step.mathml ? maths(step.mathml) : [];
  if (found.length === 1) return found[0];
  if (!found.length) return el("span", { text: plain });
  // A long sum comes as one formula for each line it may take.
  return el(
    "span",
    { role: "math", "aria-label": plain },
    found.flatMap((math) => [math, "\u200b"]),
  );
}

/** MathML from the server, less everything that is not a formula: names of columns come from outside. */
function maths(text) {
  return [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("math")].map((math) => {
    for (const element of [math, ...math.querySelectorAll("*")]) {
      if (element.namespaceURI !== SPACE) element.replaceWith(document.createTextNode(element.textContent));
      for (const { name, value } of [...element.attributes]) {
        if (!HARMLESS.includes(name) && !(name === "class" && value === "array")) element.removeAttribute(name);
      }
    }
    return math;
  });
}
