/** The keys, and all words of the page with their meaning. */

import { el } from "../dom.js";

export function create(app) {
  const words = app.strings.help;
  const keys = el("dl", { class: "keys" }, ...words.list.flatMap(([key, text]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text })]));
  const search = el("input", { type: "search", "aria-label": words.find, placeholder: words.find });
  const entries = Object.values(app.strings.glossary)
    .sort((one, other) => one.term.localeCompare(other.term))
    .map(({ term, text }) => ({ text: `${term} ${text}`.toLowerCase(), element: el("div", {}, el("dt", { text: term }), el("dd", { text })) }));
  search.addEventListener("input", () => {
    for (const { text, element } of entries) element.hidden = !text.includes(search.value.toLowerCase());
  });
  const element = el("div", { class: "dialog-body" }, el("p", { text: words.lead }), el("h3", { text: words.keys }), keys,
    el("h3", { text: words.words }), search, el("dl", { class: "words" }, ...entries.map((entry) => entry.element)));
  return { element, title: words.title };
}
