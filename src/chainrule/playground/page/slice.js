/** More than two inputs: which plane the map shows, and where the other columns are held. */

import { control } from "./controls.js";
import { el } from "./dom.js";
import { tip } from "./tips.js";

/** Sliders beyond these would make the page longer than anyone reads; the others stay at their middle. */
const MOST = 40;

export class Slice {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.words = app.strings.data;
    this.element = el("details", { class: "more", open: true, hidden: true, data: { part: "slice" } });
    this.known = null;
  }

  show() {
    const { data, setup } = this.app.state;
    const wanted = data.dimension > 2 && data.columns.some(({ axis }) => axis);
    this.element.hidden = !wanted;
    if (!wanted) return;
    const axes = this.#axes();
    const known = JSON.stringify([data.digest, data.target, data.columns.map(({ name, used }) => [name, used]), setup.view.plane, axes]);
    if (known !== this.known) this.#build(axes);
    this.known = known;
    this.plane.show(setup.view.plane);
    for (const [at, one] of this.places.entries()) one.show(axes[at]);
    for (const { name, middle, made } of this.held) made.show(setup.view.at[name] ?? middle);
  }

  /** The two columns of the map. */
  #axes() {
    const { data, setup } = this.app.state;
    const possible = data.columns.filter(({ axis }) => axis).map(({ name }) => name);
    const chosen = setup.view.axes.filter((name) => possible.includes(name));
    return chosen.length === 2 ? chosen : possible.slice(0, 2);
  }

  #build(axes) {
    const { app, words } = this;
    const { data, setup } = app.state;
    const possible = data.columns.filter(({ axis }) => axis).map(({ name }) => name);
    const planes = { field: "view.plane", kind: "choice", glossary: "plane", effect: "view", choices: ["axes", "principal"], words };
    this.plane = control(app, planes, (plane) => app.change({ "view.plane": plane }));
    const flat = setup.view.plane === "axes";
    this.places = flat ? ["axisX", "axisY"].map((title, at) => this.#axis(title, at, possible)) : [];
    const others = data.columns.filter(({ name, used }) => used && !axes.includes(name)).slice(0, MOST);
    this.held = flat ? others.map((column) => this.#held(column)) : [];
    this.element.replaceChildren(
      el("summary", { text: words.view }),
      this.plane.element,
      ...this.places.map(({ element }) => element),
      ...(this.held.length ? [el("h3", { class: "small" }, words.slice, tip(app, "slice"))] : []),
      ...this.held.map(({ made }) => made.element),
    );
  }

  #axis(title, at, possible) {
    const spec = { field: `view.axes.${at}`, kind: "choice", glossary: "none", label: this.words[title], effect: "view", choices: possible };
    return control(this.app, spec, (name) => {
      const axes = this.#axes();
      if (axes[1 - at] === name) axes[1 - at] = axes[at];
      axes[at] = name;
      this.app.change({ "view.axes": axes });
    });
  }

  #held({ name, low, high, median, levels }) {
    const numeric = typeof low === "number" && typeof high === "number";
    const common = { field: `view.at.${name}`, label: name, glossary: "none", effect: "view" };
    const spec = numeric ? { ...common, kind: "number", low, high } : { ...common, kind: "choice", choices: levels };
    const made = control(this.app, spec, (value) => this.app.change({ "view.at": { ...this.app.state.setup.view.at, [name]: value } }));
    return { name, made, middle: numeric ? median : levels[0] };
  }
}
