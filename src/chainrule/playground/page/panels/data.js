/** Which data: examples, the reader's own table, painted points, the rival's sets; and what is known about them. */

import { Bound } from "../controls.js";
import { el, fill, fresh, sentence, short } from "../dom.js";
import { Points } from "../points.js";
import { Slice } from "../slice.js";
import { Own } from "../own.js";
import { toys } from "../toys.js";
import { group } from "./training.js";

const SOURCES = ["toy", "table", "points", "rival"];

export function create(app) {
  const panel = new DataPanel(app);
  app.on("opened", () => panel.build());
  return { element: panel.element, title: app.strings.data.title, changed: () => panel.show() };
}

class DataPanel {
  constructor(app) {
    this.app = app;
    this.words = app.strings.data;
    this.element = el("div", { class: "card data" });
    this.own = new Own(app, () => this.choose("table"));
    this.points = new Points(app);
    this.slice = new Slice(app);
    this.tab = null;
  }

  build() {
    const { app, words } = this;
    this.tab = this.app.state.pending ? "table" : null;
    this.bound = new Bound(app);
    this.radios = this.#sources();
    this.toys = toys(app, "toy", app.state.options.toys);
    this.rivals = toys(app, "rival", app.state.options.rival_toys);
    this.panes = {
      toy: el("div", {}, this.toys.element),
      table: this.own.element,
      points: this.points.element,
      rival: el("div", {}, el("p", { class: "about", text: words.rivalNote }), this.rivals.element),
    };
    this.facts = el("p", { class: "facts", data: { part: "facts" } });
    this.drawn = el("div", {}, ...this.bound.elements("data.noise", "data.n", "data.seed"));
    const parts = this.bound.elements("data.split_seed", "data.stratified", "data.scale");
    this.divided = el("div", {}, ...this.bound.elements("data.train"), group(words.split, parts, "split"));
    this.element.replaceChildren(this.radios.element, ...SOURCES.map((name) => this.panes[name]),
      this.drawn, this.divided, this.facts, this.slice.element);
    this.show();
  }

  #sources() {
    const name = fresh("source");
    const inputs = SOURCES.map((source) => {
      const input = el("input", { type: "radio", name, value: source });
      input.addEventListener("change", () => this.choose(source));
      return input;
    });
    const labels = inputs.map((input) => el("label", { data: { part: `source-${input.value}` } }, input, el("span", { text: this.words[input.value] })));
    const legend = el("legend", { class: "unseen", text: this.words.source });
    const element = el("fieldset", { class: "segments four", data: { field: "data.source" } }, legend, ...labels);
    return { element, inputs };
  }

  /** Look at a kind of data; where it can be had at once, take it. */
  choose(source) {
    const { state } = this.app;
    this.tab = source;
    if (source !== "points") this.points.take(null);
    if (source === "points" && state.data.source !== "points") return this.points.begin().then(() => this.show());
    if (source === "table" && state.data.source !== "table") return this.#back();
    if (source === "toy" || source === "rival") this.app.change({ "data.source": source, "data.name": "circle", "data.task": null });
    return this.show();
  }

  /** The table that is there already, if there is one. */
  async #back() {
    this.show();
    if (this.app.state.file || this.app.state.own) await this.app.change({ "data.source": "table" });
  }

  show() {
    if (!this.radios) return;
    const { setup, data } = this.app.state;
    if (this.tab === data.source) this.tab = null;
    const shown = this.tab ?? data.source;
    for (const input of this.radios.inputs) input.checked = input.value === shown;
    for (const [source, pane] of Object.entries(this.panes)) pane.hidden = source !== shown;
    this.toys.show(setup.data.source === "toy" ? setup.data.name : null);
    this.rivals.show(setup.data.source === "rival" ? setup.data.name : null);
    this.own.show();
    this.points.show();
    this.slice.show();
    this.bound.show();
    const made = data.source === "toy" || data.source === "rival";
    this.drawn.hidden = !made || shown !== data.source;
    for (const field of ["data.n", "data.split_seed", "data.stratified"]) this.#only(field, data.source !== "rival");
    this.divided.lastChild.hidden = data.source === "rival";
    this.#only("data.scale", data.source === "toy" || data.source === "points");
    this.#facts(data);
  }

  #only(field, wanted) {
    const one = this.bound.get(field);
    if (one) one.element.hidden = !wanted;
  }

  #facts(data) {
    const { words } = this;
    const told = [fill(words.facts, { rows: data.rows, train: data.train, test: data.test, split: sentence(data.split), scaling: sentence(data.scaling) })];
    if (data.source === "table" || data.source === "points") told.push(fill(words.taskWhy, { task: words.taskNames[data.task], reason: data.reason }));
    if (data.bayes?.known && data.bayes.accuracy) told.push(fill(words.bayes, { value: short(data.bayes.accuracy, 3) }));
    this.facts.textContent = told.filter(Boolean).join(" ");
  }
}
