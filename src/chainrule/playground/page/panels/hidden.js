/** The hidden space: where a layer carries the rows and the grid of the inputs. */

import { el, fill, fresh, short } from "../dom.js";
import { Axes } from "../draw/axes.js";
import { Picture } from "../draw/canvas.js";
import { classColour, scheme, shapeSign } from "../draw/colours.js";
import { shade } from "../draw/field.js";
import { key } from "../draw/legend.js";
import { stampRows } from "../draw/markers.js";
import { rowsOf } from "../draw/rows.js";
import { networkOf } from "../draw/weights.js";
import { views } from "../strings/views.js";

const WORDS = views.hidden;
const MOST_POINTS = 2000;

/** @param {App} app */
export function create(app) {
  const hidden = new Hidden(app);
  return {
    element: hidden.element,
    title: WORDS.title,
    offered: (state) => (state.network?.layers.length ?? 0) > 1,
    wanted: () => (hidden.layer === null ? {} : { hidden: { layer: hidden.layer } }),
    frame: (frame) => hidden.take(frame),
    changed: (reply) => (reply.changed.includes("network") || reply.changed.includes("data")) && hidden.renew(),
  };
}

class Hidden {
  constructor(app) {
    Object.assign(this, { app, newest: null, axes: new Axes(), rows: rowsOf(app), layer: null });
    this.picture = new Picture({
      label: WORDS.title,
      draw: () => this.draw(),
      height: (width) => Math.min(width, 480),
      name: "hidden-space",
    });
    this.choice = el("select", { id: fresh("layer"), on: { change: () => this.#choose() } });
    this.grid = el("input", { type: "checkbox", checked: true, on: { change: () => this.picture.redraw() } });
    this.told = el("p", { class: "view-note" });
    this.legend = el("div", { class: "legend" });
    const flags = el(
      "div",
      { class: "view-flags" },
      el("label", { class: "view-flag" }, WORDS.layer, this.choice),
      el("label", { class: "view-flag" }, this.grid, WORDS.grid),
    );
    this.element = el(
      "div",
      { class: "view" },
      el("p", { class: "view-note", text: WORDS.lead }),
      flags,
      this.legend,
      this.picture.element,
      this.told,
    );
    this.rows.onNew(() => this.picture.redraw());
  }

  renew() {
    const hidden = this.app.state.network.layers.length - 1;
    this.newest = null;
    this.layer = hidden > 0 ? Math.min(this.layer ?? hidden - 1, hidden - 1) : null;
    const names = Array.from({ length: hidden }, (_, layer) => networkOf(this.app).layerName(layer));
    this.choice.replaceChildren(...names.map((text, value) => el("option", { value, text, selected: value === this.layer })));
    const { classes } = this.app.state.data;
    this.legend.replaceChildren(...classes.map((name, place) => key(classColour(place), shapeSign(place), name)));
  }

  #choose() {
    this.layer = Number(this.choice.value);
    this.app.watch();
  }

  take(frame) {
    if (!frame.arrays.hidden) return;
    this.newest = { ...frame.header.hidden, points: frame.arrays.hidden, grid: frame.arrays.hidden_grid };
    const { axes, units, explained } = this.newest;
    this.newest.principal = units > 2;
    this.told.textContent = this.newest.principal ? fill(WORDS.explained, { axes, share: short(100 * explained), units }) : axes;
    this.picture.describe(
      fill(WORDS.spoken, { layer: networkOf(this.app).layerName(this.newest.layer), axes, epoch: frame.header.status.epoch }),
    );
    this.draw();
  }

  #ranges() {
    const { points } = this.newest;
    let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let at = 0; at < points.length; at += 2) {
      left = Math.min(left, points[at]);
      right = Math.max(right, points[at]);
      bottom = Math.min(bottom, points[at + 1]);
      top = Math.max(top, points[at + 1]);
    }
    const [wide, tall] = [(right - left || 1) * 0.08, (top - bottom || 1) * 0.08];
    return [left - wide, right + wide, bottom - tall, top + tall];
  }

  draw() {
    const { picture, newest, axes } = this;
    if (!newest || picture.width === 0) return;
    const { context } = picture;
    picture.clear();
    const one = newest.units === 1;
    [axes.titleX, axes.titleY] = one ? [WORDS.only, ""] : newest.principal ? WORDS.directions : WORDS.units;
    axes.within(0, 0, picture.width, picture.height).ranges(...this.#ranges());
    axes.draw(context);
    axes.clipped(context, () => {
      if (this.grid.checked && newest.grid) this.#carried(context);
      this.#points(context);
    });
  }

  // The grid of the inputs as the layer bends it: lines across in one strength, lines up in another.
  #carried(context) {
    const { grid } = this.newest;
    const [rows, columns] = grid.shape;
    const at = (row, column) => 2 * (row * columns + column);
    const line = (count, place) => {
      for (let step = 0; step < count; step += 1)
        context[step ? "lineTo" : "moveTo"](this.axes.x(grid[place(step)]), this.axes.y(grid[place(step) + 1]));
    };
    Object.assign(context, { strokeStyle: scheme().soft, lineWidth: 0.8, globalAlpha: 0.75 });
    context.beginPath();
    for (let row = 0; row < rows; row += 1) line(columns, (step) => at(row, step));
    context.stroke();
    context.setLineDash([3, 3]);
    context.beginPath();
    for (let column = 0; column < columns; column += 1) line(rows, (step) => at(step, column));
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  #points(context) {
    if (!this.rows.frame || this.rows.count !== this.newest.points.length / 2) return;
    const { y } = this.rows.frame.arrays;
    const { points } = this.newest;
    const [low, high] = [y.reduce((least, value) => Math.min(least, value)), y.reduce((most, value) => Math.max(most, value))];
    const scale = { kind: "sequential", low, high: high > low ? high : low + 1 };
    stampRows(context, this.rows.frame.arrays, {
      at: (row) => [this.axes.x(points[2 * row]), this.axes.y(points[2 * row + 1])],
      colour: this.app.state.data.classes.length > 0 ? null : (value) => shade(value, scale),
      size: y.length > 700 ? 2.4 : 3.6,
      scale: this.picture.scale,
      stride: Math.ceil(y.length / MOST_POINTS),
    });
  }
}
