/** The glossary: a small button beside a term opens what it means. Works by click, touch and keyboard; Escape closes it. */

import { el, fill, finite, short } from "./dom.js";

/**
 * A button that explains a term of the glossary; null if the glossary does not have it.
 * @param {App} app
 * @param {string} key key of `strings.glossary`
 * @param {Object} [spec] the control's entry of the options: its default, range and effect are told too
 */
export function tip(app, key, spec = null, label = null) {
  const entry = entryOf(app, key);
  if (!entry) return null;
  const name = fill(app.strings.control.about, { label: label ?? entry.term });
  const opener = el("button", { type: "button", class: "tip", "aria-label": name, "aria-haspopup": "true", text: "?" });
  opener.addEventListener("click", () => open(app, opener, entry, spec));
  return opener;
}

/** The term as the glossary writes it. */
export function term(app, key, otherwise = "") {
  return entryOf(app, key)?.term ?? otherwise;
}

/** A setting of a method may have a text of its own ("adamw.weight_decay"), else that of its name. */
function entryOf(app, key) {
  const { glossary } = app.strings;
  return glossary[key] ?? glossary[key.slice(key.lastIndexOf(".") + 1)];
}

function open(app, opener, entry, spec) {
  const box = document.querySelector("#toggletip");
  // A modal dialog makes everything outside it inert: the note has to lie in it.
  (opener.closest("dialog") ?? document.body).append(box);
  box.replaceChildren(
    el("p", { class: "term", text: entry.term }),
    el("p", { text: entry.text }),
    ...facts(app, spec).map((text) => el("p", { class: "fact", text })),
  );
  box.showPopover();
  place(box, opener.getBoundingClientRect());
  box.focus({ preventScroll: true });
  const closed = (event) => {
    if (event.newState !== "closed") return;
    box.removeEventListener("toggle", closed);
    if (document.activeElement === box || document.activeElement === document.body) opener.focus();
  };
  box.addEventListener("toggle", closed);
}

function facts(app, spec) {
  if (!spec) return [];
  const words = app.strings.control;
  const told = [];
  if (typeof spec.default === "number") told.push(fill(words.default, { value: short(spec.default, 4) }));
  if (finite(spec.low) && finite(spec.high)) told.push(fill(words.range, { low: short(spec.low), high: short(spec.high) }));
  if (spec.optional && spec.kind !== "choice") told.push(words.optional);
  if (words[spec.effect]) told.push(words[spec.effect]);
  return [told.join(" ")].filter(Boolean);
}

function place(box, beside) {
  const margin = 8;
  const { width, height } = box.getBoundingClientRect();
  const left = Math.min(Math.max(margin, beside.left - 12), innerWidth - width - margin);
  const below = beside.bottom + 6;
  const top = below + height + margin < innerHeight ? below : Math.max(margin, beside.top - height - 6);
  box.style.left = `${Math.max(margin, left)}px`;
  box.style.top = `${top}px`;
}
