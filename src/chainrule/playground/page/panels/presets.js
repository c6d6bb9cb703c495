/** Experiments of the lectures: the question to predict first, then the run, then the answer. */

import { button, el, fill, fresh } from "../dom.js";
import { difference } from "../state.js";

export function create(app) {
  const words = app.strings.presets;
  const search = el("input", { type: "search", "aria-label": words.find, placeholder: words.find });
  const list = el("ul", { class: "items" });
  const nothing = el("p", { class: "about", text: words.nothing, hidden: true });
  const element = el("div", { class: "dialog-body" }, el("p", { class: "about", text: words.lead }), search, list, nothing);
  let known = "";
  const show = () => {
    const text = search.value.toLowerCase();
    const found = app.state.presets.filter((one) => `${one.title} ${one.question} ${one.lecture ?? ""}`.toLowerCase().includes(text));
    list.replaceChildren(...found.map((preset) => entry(app, preset)));
    nothing.hidden = found.length > 0;
  };
  search.addEventListener("input", show);
  app.on("opened", () => {
    const names = app.state.presets.map(({ name }) => name).join();
    if (names !== known) show();
    known = names;
  });
  return { element, title: words.title };
}

function entry(app, preset) {
  const words = app.strings.presets;
  const load = button(words.load, () => take(app, preset), { data: { preset: preset.name }, "aria-label": `${words.load}: ${preset.title}` });
  const lecture = preset.lecture ? el("p", { class: "about", text: fill(words.lecture, { name: preset.lecture }) }) : null;
  return el("li", {}, el("h3", { text: preset.title }), el("p", { text: preset.question }), lecture, load);
}

async function take(app, preset) {
  document.querySelector("#presets").close();
  if (app.state.playing) await app.act("pause");
  const wanted = whole(app.state.options.defaults, preset.setup);
  const changes = difference(app.state.setup, wanted);
  if (Object.keys(changes).length) await app.change(changes);
  await app.act("reset");
  ask(app, preset);
}

/** A setup with what it leaves out taken from the defaults. */
function whole(defaults, given) {
  const merged = { ...defaults };
  for (const [key, value] of Object.entries(given)) {
    const deeper = value && typeof value === "object" && !Array.isArray(value) && defaults[key] && typeof defaults[key] === "object" && !("name" in value);
    merged[key] = deeper || key === "data" ? whole(defaults[key], value) : value;
  }
  return merged;
}

/** The question stays on the page until the reader puts it away. */
function ask(app, preset) {
  const words = app.strings.presets;
  const box = document.querySelector("#question");
  const prediction = el("textarea", { rows: 2, id: fresh("prediction") });
  const yours = el("p", { class: "about", hidden: true });
  const answer = el("div", { class: "answer", hidden: true }, el("h3", { text: words.theAnswer }), el("p", { text: preset.answer }), yours);
  const reveal = button(words.answer, () => {
    answer.hidden = false;
    reveal.hidden = true;
    yours.hidden = !prediction.value.trim();
    yours.textContent = fill(words.yours, { text: prediction.value.trim() });
    app.say(preset.answer);
  });
  const done = button(words.done, () => {
    box.hidden = true;
    document.querySelector('[data-opens="presets"]').focus();
  });
  const title = el("h2", { id: fresh("question"), tabIndex: -1, text: preset.title });
  box.replaceChildren(el("section", { class: "card question", "aria-labelledby": title.id },
    title, el("p", { text: preset.question }),
    el("label", { for: prediction.id, text: `${words.predict}. ${words.hint}` }), prediction,
    el("div", { class: "pair" }, button(words.run, () => app.emit("play"), { class: "primary" }), reveal, done), answer));
  box.hidden = false;
  title.focus();
}
