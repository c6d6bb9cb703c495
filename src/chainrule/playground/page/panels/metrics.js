/** The scores in numbers, each a button that opens its formula; the confusion matrix. */

import { el, explained, fill, fresh, scrolling, short } from "../dom.js";
import { scheme, shapeSign } from "../draw/colours.js";
import { views } from "../strings/views.js";

const WORDS = views.metrics;
const MOST_CLASSES = 20;

/** @param {App} app */
export function create(app) {
  const metrics = new Metrics(app);
  return {
    element: metrics.element,
    title: WORDS.title,
    wanted: () => ({ metrics: true }),
    frame: (frame) => metrics.take(frame.header.metrics),
    changed: (reply) => reply.changed.includes("data") && metrics.renew(),
  };
}

class Metrics {
  constructor(app) {
    Object.assign(this, { app, tiles: new Map(), cells: [], newest: null });
    this.numbers = el("div", { class: "tiles" });
    this.matrix = scrolling(WORDS.confusion);
    const name = fresh("part");
    this.parts = ["test", "train"].map((value) =>
      el("input", { type: "radio", name, value, checked: value === "test", on: { change: () => this.#fill() } }),
    );
    const choice = el(
      "div",
      { class: "view-flags", role: "radiogroup", "aria-label": WORDS.which },
      this.parts.map((input) => el("label", { class: "view-flag" }, input, WORDS.parts[input.value])),
    );
    this.confusion = el("div", {}, el("h3", { class: "view-title", text: WORDS.confusion }), choice, this.matrix);
    this.element = el(
      "div",
      { class: "view" },
      el("h3", { class: "view-title", text: WORDS.title }),
      this.numbers,
      this.confusion,
    );
  }

  /** Other data: other scores. */
  renew() {
    const regression = this.app.state.data.task !== "classification";
    const names = [
      "test_loss",
      "train_loss",
      "test_score",
      "train_score",
      ...(regression ? ["test_rmse", "train_rmse"] : []),
      "objective",
      "rate",
    ];
    this.tiles = new Map(names.map((name) => [name, this.#tile(name)]));
    this.numbers.replaceChildren(...[...this.tiles.values()].map(({ tile }) => tile));
    this.confusion.hidden = regression;
    this.cells = [];
    if (this.newest) this.take(this.newest);
  }

  #tile(name) {
    const value = el("span", { class: "tile-value", text: "–" });
    const label = el("span", { class: "tile-label", text: this.#label(name) });
    const tile = explained(this.app, "", () => ({ kind: "metric", name }), { class: "tile" });
    tile.append(label, value);
    return { tile, value, label };
  }

  #label(name) {
    if (name.endsWith("_score")) return fill(WORDS.names[name], { score: WORDS.scores[this.newest?.score ?? "accuracy"] });
    return WORDS.names[name];
  }

  take(metrics) {
    if (!metrics) return;
    const renamed = metrics.score !== this.newest?.score;
    this.newest = metrics;
    for (const [name, { value, label }] of this.tiles) {
      const text = this.#shown(name, metrics[name]);
      if (value.textContent !== text) value.textContent = text;
      if (renamed) label.textContent = this.#label(name);
    }
    if (metrics.confusion) this.#fill();
  }

  #shown(name, value) {
    if (name.endsWith("_score") && this.newest.score === "accuracy" && value !== null && value !== undefined)
      return `${(100 * value).toFixed(1)} %`;
    return short(value);
  }

  get #part() {
    return this.parts.find((input) => input.checked).value;
  }

  #fill() {
    const counts = this.newest?.confusion?.[this.#part];
    if (!counts) return;
    if (counts.length > MOST_CLASSES) return this.matrix.replaceChildren(fill(WORDS.tooMany, { n: counts.length }));
    if (this.cells.length !== counts.length) this.#build(counts.length);
    const { paper, name, curves } = scheme();
    counts.forEach((row, truth) => {
      const all = row.reduce((sum, count) => sum + count, 0) || 1;
      row.forEach((count, said) => {
        const cell = this.cells[truth][said];
        const shown = `${count}/${all}/${name}`;
        if (cell.dataset.shown === shown) return;
        cell.dataset.shown = shown;
        cell.textContent = count;
        // Right answers have a frame; the tint only repeats the number.
        const tint = Math.round((100 * count) / all) * 0.35;
        cell.parentElement.style.backgroundColor = `color-mix(in srgb, ${curves[truth === said ? 0 : 1]} ${tint}%, ${paper})`;
      });
    });
  }

  #build(size) {
    const { classes } = this.app.state.data;
    const name = (place) => `${shapeSign(place)} ${classes[place] ?? place}`;
    const places = Array.from({ length: size }, (_, place) => place);
    const heads = (scope) => places.map((place) => el("th", { scope, text: name(place) }));
    this.cells = places.map((truth) => places.map((said) => this.#cell(truth, said, name)));
    const rows = heads("row").map((head, truth) =>
      el(
        "tr",
        {},
        head,
        this.cells[truth].map((cell, said) => el("td", { class: truth === said ? "right" : "wrong" }, cell)),
      ),
    );
    const corner = el("th", { scope: "col", class: "corner", text: WORDS.corner });
    const table = el(
      "table",
      { class: "numbers confusion" },
      el("thead", {}, el("tr", {}, corner, heads("col"))),
      el("tbody", {}, rows),
    );
    table.addEventListener("keydown", (event) => this.#move(event));
    this.matrix.replaceChildren(table);
  }

  // One tab stop for all cells; arrow keys go from cell to cell.
  #cell(truth, said, name) {
    const what = () => ({ kind: "metric", name: `${this.#part}_confusion`, truth, predicted: said });
    const told = fill(WORDS.cell, { truth: name(truth), said: name(said) });
    const data = { truth, said };
    return explained(this.app, "", what, { class: "number", title: told, tabIndex: truth + said ? -1 : 0, data });
  }

  #move(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const { truth, said } = event.target.dataset;
    if (!step || truth === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = this.cells[Number(truth) + step[0]]?.[Number(said) + step[1]];
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
