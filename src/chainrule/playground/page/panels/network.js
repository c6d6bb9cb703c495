/** Which network: inputs, hidden layers one by one, output and loss, start weights. */

import { Bound, control } from "../controls.js";
import { button, count, el, fill } from "../dom.js";
import { family, nameOf } from "../family.js";
import { tip } from "../tips.js";
import { group } from "./training.js";

const LAYERS = "network.layers";

export function create(app) {
  const network = new Network(app);
  app.on("opened", () => network.build());
  app.on("units", ({ layer, by }) => network.units(layer, by));
  app.on("remove-layer", ({ layer }) => network.remove(layer));
  return { element: network.element, title: app.strings.network.title, changed: () => network.show() };
}

class Network {
  constructor(app) {
    this.app = app;
    this.words = app.strings.network;
    this.element = el("div", { class: "card network" });
    this.bound = new Bound(app);
    this.rows = [];
    this.draft = null;
  }

  build() {
    const { app, words } = this;
    const { options } = app.state;
    this.bound = new Bound(app);
    this.rows = [];
    this.list = el("ol", { class: "layers", data: { field: LAYERS } });
    this.add = button(words.add, () => this.append(), { icon: "plus", class: "add" });
    this.none = el("p", { class: "about", text: words.none });
    this.sum = el("p", { class: "about" });
    this.features = el("fieldset", { class: "features", data: { field: "network.features" } });
    this.table = el("tbody");
    this.task = app.state.data.task;
    this.loss = family(app, { field: "network.loss", glossary: "loss", effect: "live", optional: true, none: words.byTask }, this.#losses());
    this.output = el("div");
    this.start = family(app, { field: "network.initializer", glossary: "initializer", effect: "reset" }, options.initializers);
    this.element.replaceChildren(
      this.features,
      el("div", { class: "line-head" }, el("h3", { text: words.layers }), tip(app, "layers"), this.add),
      this.none, this.list, this.sum,
      group(words.output, [this.loss.element, this.output], "output"),
      group(words.start, [this.start.element, ...this.bound.elements("network.seed")], "start"),
      group(words.drop, [...this.bound.elements("network.input_dropout"), this.#dropTable()], "dropout"),
    );
    this.show();
  }

  /** Losses of the task at hand. */
  #losses() {
    const task = this.app.state.data.task;
    return this.app.state.options.losses.filter((entry) => !entry.task?.length || entry.task.includes(task));
  }

  #dropTable() {
    const { words, app } = this;
    const heads = [["headLayer"], ["headDropout", "dropout"], ["headBatchNorm", "batch_norm"]];
    const head = el("tr", {}, ...heads.map(([name, key]) => el("th", { scope: "col" }, words[name], key ? tip(app, key) : null)));
    return el("table", { class: "drop" }, el("thead", {}, head), this.table);
  }

  /** The hidden layers; while a change is under way, as they are going to be: the next click builds on it. */
  get layers() {
    return this.draft ?? this.app.state.setup.network.layers;
  }

  put(layers) {
    this.draft = layers;
    this.#showLayers();
    return this.app.change({ [LAYERS]: layers }).then(() => {
      this.draft = null;
      this.show();
    });
  }

  show() {
    if (!this.list) return;
    const { setup, network, data } = this.app.state;
    if (data.task !== this.task) return this.build();
    this.bound.show();
    this.loss.show(setup.network.loss);
    this.start.show(setup.network.initializer);
    this.#showOutput(setup, network);
    this.#showFeatures(setup, data);
    this.#showLayers();
    this.none.hidden = this.layers.length > 0;
    const output = network.layers.at(-1);
    const facts = [fill(this.words.outputs, output), fill(this.words.parameters, { n: count(network.parameters) })];
    this.sum.textContent = `${facts.join(" · ")} · ${nameOf(network.loss)}`;
    const full = this.layers.length >= this.app.state.options.limits.layers;
    this.add.disabled = full;
    this.add.title = full ? fill(this.words.full, { n: this.app.state.options.limits.layers }) : "";
  }

  /** Outputs that the loss can have. */
  #showOutput(setup, { loss }) {
    const { app } = this;
    const entry = app.state.options.losses.find(({ name }) => name === loss);
    if (entry && this.output.dataset.of !== loss) {
      const spec = { field: "network.output", kind: "choice", effect: "live", optional: true, none: this.words.natural, choices: entry.outputs };
      this.outputs = control(app, spec, (output) => app.change({ "network.output": output }));
      this.output.replaceChildren(this.outputs.element);
      this.output.dataset.of = loss;
    }
    this.outputs?.show(setup.network.output);
  }

  #showFeatures(setup, data) {
    const possible = (this.app.state.options.features ?? []).filter(({ inputs }) => inputs <= data.dimension);
    const wanted = data.dimension <= 2 && data.source !== "table" && possible.length > 1;
    this.features.hidden = !wanted;
    if (!wanted) return;
    const chosen = setup.network.features;
    if (this.features.dataset.of !== String(data.dimension)) this.#makeFeatures(possible, data);
    for (const input of this.features.querySelectorAll("input")) input.checked = chosen.includes(input.value);
  }

  #makeFeatures(possible, data) {
    this.features.dataset.of = data.dimension;
    const boxes = possible.map(({ name }) => {
      const input = el("input", { type: "checkbox", value: name });
      input.addEventListener("change", () => this.#feature(possible, input));
      return el("label", { class: "chip" }, input, el("span", { text: pretty(name) }));
    });
    const legend = el("legend", { text: this.words.features });
    this.features.replaceChildren(legend, tip(this.app, "features") ?? "", el("div", { class: "chips" }, ...boxes));
  }

  #feature(possible, input) {
    const chosen = [...this.features.querySelectorAll("input:checked")].map(({ value }) => value);
    if (!chosen.length) {
      input.checked = true;
      return this.app.emit("failed", { text: this.words.oneFeature, field: "network.features" });
    }
    return this.app.change({ "network.features": possible.map(({ name }) => name).filter((name) => chosen.includes(name)) });
  }

  #showLayers() {
    const { layers } = this;
    while (this.rows.length > layers.length) {
      const { row, more } = this.rows.pop();
      row.remove();
      more.remove();
    }
    while (this.rows.length < layers.length) {
      const one = new Row(this, this.rows.length);
      this.rows.push(one);
      this.list.append(one.row);
      this.table.append(one.more);
    }
    this.rows.forEach((row, at) => row.show(layers[at]));
  }

  append() {
    const last = this.layers.at(-1);
    const made = { units: 2, activation: last?.activation ?? "tanh", dropout: 0, batch_norm: false };
    this.put([...this.layers, made]).then(() => this.said());
  }

  remove(at) {
    if (!this.layers[at]) return;
    const focused = this.rows[at]?.row.contains(document.activeElement);
    this.put(this.layers.filter((_, other) => other !== at)).then(() => {
      if (focused) this.add.focus();
      this.said();
    });
  }

  units(at, by) {
    const units = this.layers[at]?.units + by;
    if (units >= 1 && units <= this.app.state.options.limits.units) this.edit(at, { units });
  }

  edit(at, changes) {
    this.put(this.layers.map((layer, other) => (other === at ? { ...layer, ...changes } : layer)));
  }

  said() {
    const { network } = this.app.state;
    this.app.say(fill(this.words.said, { layers: this.layers.length, n: network.parameters }));
  }
}

/** One hidden layer: units, activation, its place among dropout and batch normalisation. */
class Row {
  constructor(owner, at) {
    const { words, app } = owner;
    const n = at + 1;
    const specs = Object.fromEntries(app.state.options.layer.map((spec) => [spec.name ?? spec.field.split(".").at(-1), spec]));
    this.number = el("input", { type: "number", min: 1, max: app.state.options.limits.units, "aria-label": fill(words.units, { n }) });
    this.typed = false;
    this.number.addEventListener("input", () => {
      this.typed = true;
    });
    this.number.addEventListener("change", () => {
      this.typed = false;
      const units = Number(this.number.value);
      if (Number.isInteger(units) && units >= 1) owner.edit(at, { units });
      else this.number.value = owner.layers[at].units;
    });
    this.activation = el("select", { "aria-label": fill(words.activation, { n }) });
    for (const name of specs.activation.choices) this.activation.append(el("option", { value: name, text: name }));
    this.activation.addEventListener("change", () => owner.edit(at, { activation: this.activation.value }));
    const small = { class: "plain small" };
    this.row = el("li", { data: { field: `${LAYERS}.${at}` } },
      el("span", { class: "name", text: fill(words.layer, { n }) }),
      el("span", { class: "stepper" },
        button("", () => owner.units(at, -1), { ...small, icon: "minus", "aria-label": fill(words.fewer, { n }) }),
        this.number,
        button("", () => owner.units(at, 1), { ...small, icon: "plus", "aria-label": fill(words.more, { n }) })),
      this.activation,
      button("", () => owner.remove(at), { ...small, icon: "cross", "aria-label": fill(words.remove, { n }), title: fill(words.remove, { n }) }));
    this.dropout = el("input", { type: "number", min: 0, max: specs.dropout.high, step: 0.05, "aria-label": fill(words.dropout, { n }) });
    this.dropout.addEventListener("change", () => owner.edit(at, { dropout: Number(this.dropout.value) }));
    this.batchNorm = el("input", { type: "checkbox", "aria-label": fill(words.batchNorm, { n }) });
    this.batchNorm.addEventListener("change", () => owner.edit(at, { batch_norm: this.batchNorm.checked }));
    this.more = el("tr", {}, el("th", { scope: "row", text: n }), el("td", {}, this.dropout), el("td", {}, this.batchNorm));
  }

  show({ units, activation, dropout, batch_norm: batchNorm }) {
    if (!this.typed) this.number.value = units;
    this.activation.value = activation;
    this.dropout.value = dropout;
    this.batchNorm.checked = batchNorm;
  }
}

/** A feature as mathematics writes it. */
function pretty(name) {
  return name.replace(/x1/g, "x₁").replace(/x2/g, "x₂").replace(/\^2/g, "²").replace("*", " ");
}
