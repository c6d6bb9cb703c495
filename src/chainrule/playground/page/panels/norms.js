/** Gradients, updates and weights of every layer by their length, on a logarithmic axis. */

import { el, explained, fill, numberTable, scrolling, short } from "../dom.js";
import { Axes } from "../draw/axes.js";
import { Picture } from "../draw/canvas.js";
import { scheme } from "../draw/colours.js";
import { key } from "../draw/legend.js";
import { outline } from "../draw/markers.js";
import { networkOf } from "../draw/weights.js";
import { views } from "../strings/views.js";

const WORDS = views.norms;
const KINDS = ["gradient", "update", "weight"];
const SHAPES = ["circle", "triangle", "square"];
const SIGNS = ["●", "▲", "■"];

/** @param {App} app */
export function create(app) {
  const norms = new Norms(app);
  return { element: norms.element, title: WORDS.title, wanted: () => ({ norms: true }), frame: (frame) => norms.take(frame) };
}

class Norms {
  constructor(app) {
    Object.assign(this, { app, newest: null, network: networkOf(app), axes: new Axes({ y: WORDS.axis }) });
    this.picture = new Picture({
      label: WORDS.title,
      draw: () => this.draw(),
      height: (width) => Math.max(180, Math.min(300, width * 0.5)),
      name: "norms",
    });
    this.legend = el("div", { class: "legend" });
    this.table = scrolling(WORDS.title);
    this.element = el(
      "div",
      { class: "view" },
      el("p", { class: "view-note", text: WORDS.lead }),
      this.legend,
      this.picture.element,
      this.table,
    );
  }

  take(frame) {
    if (!frame.arrays.gradient_norms) return;
    const lists = KINDS.map((kind) => frame.arrays[`${kind}_norms`]);
    this.newest = { lists, ratio: frame.header.norms?.ratio ?? [] };
    this.#fill();
    this.draw();
    const told = Array.from(lists[0], (value, layer) => `${this.network.layerName(layer)} ${short(value)}`).join(", ");
    this.picture.describe(fill(WORDS.spoken, { gradients: told }));
  }

  #fill() {
    const { lists, ratio } = this.newest;
    if (this.rows?.length !== lists[0].length) this.#build();
    this.rows.forEach((cells, layer) => {
      [...lists.map((list) => list[layer]), ratio[layer]].forEach((value, at) => {
        const text = short(value);
        if (cells[at].textContent !== text) cells[at].textContent = text;
      });
    });
    this.legend.replaceChildren(...KINDS.map((kind, at) => key(scheme().curves[at], SIGNS[at], WORDS.kinds[kind])));
  }

  #build() {
    const names = [...KINDS.map((kind) => `${kind}_norm`), "update_ratio"];
    this.rows = Array.from(this.newest.lists[0], (_, layer) => names.map((name) => this.#number(name, layer)));
    const titles = [WORDS.layer, ...KINDS.map((kind) => WORDS.kinds[kind]), WORDS.ratio];
    const rows = this.rows.map((cells, layer) => [this.network.layerName(layer), ...cells]);
    this.table.replaceChildren(numberTable(titles, rows, true));
  }

  #number(name, layer) {
    return explained(this.app, "", () => ({ kind: "metric", name, layer }), { class: "number" });
  }

  draw() {
    const { picture, newest, axes } = this;
    if (!newest || picture.width === 0) return;
    const { context } = picture;
    const all = newest.lists.flatMap((list) => Array.from(list)).filter((value) => value > 0 && Number.isFinite(value));
    const [low, high] = all.length ? [Math.min(...all), Math.max(...all)] : [0.1, 1];
    axes.logY = true;
    const layers = newest.lists[0].length;
    axes
      .within(0, 0, picture.width, picture.height)
      .ranges(0, layers, 10 ** Math.floor(Math.log10(low) - 0.3), 10 ** Math.ceil(Math.log10(high) + 0.1));
    picture.clear();
    this.#frame(context, layers);
    axes.clipped(context, () =>
      newest.lists.forEach((list, at) => list.forEach((value, layer) => this.#bar(context, layer + (at + 1) / 4, value, at))),
    );
  }

  // Ticks for the layers instead of numbers.
  #frame(context, layers) {
    const { axes } = this;
    const { x } = axes;
    axes.x = () => -1e6;
    axes.draw(context);
    axes.x = x;
    Object.assign(context, { textAlign: "center", textBaseline: "top", fillStyle: scheme().ink });
    for (let layer = 0; layer < layers; layer += 1) {
      context.fillText(layers > 6 ? String(layer + 1) : this.network.layerName(layer), axes.x(layer + 0.5), axes.bottom + 6);
    }
  }

  #bar(context, x, value, at) {
    if (!(value > 0)) return;
    const { axes } = this;
    const [left, top] = [axes.x(x), axes.y(value)];
    const wide = Math.min(22, (axes.x(1) - axes.x(0)) / 6);
    context.fillStyle = scheme().curves[at];
    context.globalAlpha = 0.35;
    context.fillRect(left - wide / 2, top, wide, axes.bottom - top);
    context.globalAlpha = 1;
    context.beginPath();
    outline(context, SHAPES[at], left, top, 5);
    context.fill();
  }
}
