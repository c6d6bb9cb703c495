/** One input: the function with its joints, the rows, the true function, and below what each unit contributes. */

import { el, fill, folded, numberTable, scrolling, short } from "../dom.js";
import { Axes } from "../draw/axes.js";
import { Picture } from "../draw/canvas.js";
import { DASHES, classColour, scheme } from "../draw/colours.js";
import { haloLine } from "../draw/contour.js";
import { lineKey } from "../draw/legend.js";
import { stampRows } from "../draw/markers.js";
import { rowsOf } from "../draw/rows.js";
import { views } from "../strings/views.js";
import { Hand } from "./hand.js";

const WORDS = views.line;
const RESOLUTION = 240;
const MOST_UNITS = 64;

/** @param {App} app */
export function create(app) {
  const line = new Line(app);
  return {
    element: line.element,
    title: WORDS.title,
    wanted: () => (app.state.data?.dimension === 1 ? { line: { resolution: RESOLUTION } } : {}),
    frame: (frame) => line.take(frame),
  };
}

class Line {
  constructor(app) {
    Object.assign(this, { app, newest: null, above: new Axes(), below: new Axes() });
    this.rows = rowsOf(app);
    const options = {
      label: WORDS.title,
      draw: () => this.draw(),
      height: (width) => Math.min(680, width * (this.units.value === "none" ? 0.75 : 1.25)),
      name: "function",
    };
    this.units = el(
      "select",
      { on: { change: () => this.#resize() } },
      Object.entries(WORDS.units).map(([value, text]) => el("option", { value, text })),
    );
    this.joints = el("input", { type: "checkbox", checked: true, on: { change: () => this.picture.redraw() } });
    this.picture = new Picture(options);
    this.legend = el("div", { class: "legend" });
    this.hand = new Hand(this, WORDS);
    const flags = el(
      "div",
      { class: "view-flags" },
      el("label", { class: "view-flag" }, WORDS.below, this.units),
      el("label", { class: "view-flag" }, this.joints, WORDS.joints),
    );
    this.pieces = scrolling(WORDS.pieces);
    this.table = folded(WORDS.pieces, () => this.#fill(), this.pieces);
    this.element = el(
      "div",
      { class: "view" },
      el("h3", { class: "view-title", text: WORDS.title }),
      this.legend,
      this.picture.element,
      flags,
      this.table,
    );
    this.rows.onNew(() => this.picture.redraw());
  }

  get axes() {
    return this.above;
  }

  #resize() {
    this.picture.fit();
    this.picture.redraw();
  }

  take(frame) {
    if (!frame.arrays.line_x) return;
    this.newest = {
      ...frame.header.line,
      x: frame.arrays.line_x,
      y: frame.arrays.line_y,
      units: frame.arrays.line_units,
      parts: frame.arrays.line_parts,
      mean: frame.arrays.line_mean,
      names: frame.header.line.units,
    };
    this.units.options[1].disabled = !this.newest.parts;
    if (!this.newest.parts && this.units.value === "parts") this.units.value = "activations";
    this.#legend();
    this.draw();
    if (!this.app.state.playing) this.#fill();
    const { joints = [], pieces = [] } = frame.header.line;
    this.picture.describe(
      fill(WORDS.spoken, { joints: joints.length, pieces: pieces.length || "–", epoch: frame.header.status.epoch }),
    );
  }

  #legend() {
    const { classes } = this.app.state.data;
    const signature = `${scheme().name} ${classes.length} ${Boolean(this.newest.mean)}`;
    if (signature === this.legendFor) return;
    this.legendFor = signature;
    const several = this.newest.y.shape[0] > 1;
    const keys = several
      ? classes.map((name, at) => lineKey(classColour(at), DASHES[at % 4], name))
      : [lineKey(scheme().ink, [], classes.length ? fill(WORDS.probability, { name: classes[1] ?? 1 }) : WORDS.output)];
    if (this.newest.mean) keys.push(lineKey(scheme().soft, [5, 5], WORDS.mean));
    this.legend.replaceChildren(...keys);
  }

  /** What the picture covers: left, right, bottom, top; null before the first frame. */
  get limits() {
    if (!this.newest) return null;
    const { x, y } = this.newest;
    let [low, high] = [Infinity, -Infinity];
    const see = (value) => {
      if (value < low) low = value;
      if (value > high) high = value;
    };
    y.forEach(see);
    if (!this.app.state.data.classes.length && this.rows.shown)
      for (let row = 0; row < this.rows.shown.y.length; row += 1) see(this.rows.shown.X[2 * row + 1]);
    else [low, high] = [Math.min(0, low), Math.max(1, high)];
    const space = 0.06 * (high - low || 1);
    return [x[0], x[x.length - 1], low - space, high + space];
  }

  draw() {
    const { picture, newest, above, below } = this;
    if (!newest || picture.width === 0) return;
    const { context, width, height } = picture;
    const values = this.units.value === "parts" ? newest.parts : newest.units;
    const shown = this.units.value !== "none" && values?.length ? values : null;
    const split = shown ? height * 0.58 : height;
    above.titleX = this.app.state.data.inputs[0] ?? "x";
    above.titleY = "";
    above.within(0, 0, width, split).ranges(...this.limits);
    picture.clear();
    above.draw(context);
    above.clipped(context, () => this.#function(context));
    if (shown) this.#units(context, shown, below.within(0, split, width, height - split));
    this.hand.draw(context);
  }

  #function(context) {
    const { x, y, mean, joints } = this.newest;
    if (mean) this.#curve(context, this.above, x, mean, 0, { colour: scheme().soft, dashes: [5, 5], width: 2 });
    if (this.joints.checked) this.#jointLines(context, joints ?? []);
    this.#points(context);
    const many = y.shape[0] > 1;
    for (let at = 0; at < y.shape[0]; at += 1) {
      this.#trace(context, this.above, x, y, at);
      if (many) this.#stroke(context, { colour: classColour(at), dashes: DASHES[at % 4], width: 2.5 });
      else haloLine(context, 2.6);
    }
  }

  #jointLines(context, joints) {
    context.beginPath();
    for (const { x } of joints) {
      context.moveTo(this.above.x(x), this.above.top);
      context.lineTo(this.above.x(x), this.above.bottom);
    }
    this.#stroke(context, { colour: scheme().mark, dashes: [2, 4], width: 1.2 });
  }

  #points(context) {
    if (!this.rows.shown) return;
    const { X, y } = this.rows.shown;
    const classes = this.app.state.data.classes.length > 0;
    stampRows(context, this.rows.shown, {
      at: (row) => [this.above.x(X[2 * row]), this.above.y(X[2 * row + 1])],
      colour: classes ? null : () => scheme().curves[0],
      size: y.length > 700 ? 2.4 : 3.6,
      scale: this.picture.scale,
    });
  }

  #units(context, values, axes) {
    let [low, high] = [0, 0];
    for (let at = 0; at < values.length; at += 1) {
      if (values[at] < low) low = values[at];
      if (values[at] > high) high = values[at];
    }
    const space = 0.08 * (high - low || 1);
    axes.titleX = this.units.value === "parts" ? WORDS.partsTitle : WORDS.activationsTitle;
    axes.ranges(this.above.low[0], this.above.high[0], low - space, high + space).draw(context);
    axes.clipped(context, () => {
      for (let unit = 0; unit < Math.min(MOST_UNITS, values.shape[0]); unit += 1) {
        const look = { colour: classColour(unit % 6), dashes: DASHES[Math.floor(unit / 6) % 4], width: 1.8 };
        this.#curve(context, axes, this.newest.x, values, unit, look);
      }
    });
  }

  #curve(context, axes, x, values, at, look) {
    this.#trace(context, axes, x, values, at);
    this.#stroke(context, look);
  }

  #trace(context, axes, x, values, at) {
    context.beginPath();
    for (let place = 0; place < x.length; place += 1)
      context[place ? "lineTo" : "moveTo"](axes.x(x[place]), axes.y(values[at * x.length + place]));
  }

  #stroke(context, { colour, dashes, width }) {
    Object.assign(context, { strokeStyle: colour, lineWidth: width, lineJoin: "round" });
    context.setLineDash(dashes);
    context.stroke();
    context.setLineDash([]);
  }

  /** The function's numbers at a place, which may lie beside the curve. */
  tell(x, height) {
    const { x: grid, y } = this.newest;
    const last = grid.length - 1;
    const at = Math.max(0, Math.min(last, Math.round(((x - grid[0]) / (grid[last] - grid[0])) * last)));
    const values = Array.from({ length: y.shape[0] }, (_, one) => short(y[one * grid.length + at]));
    const name = this.app.state.data.inputs[0] ?? "x";
    return fill(WORDS.at, { name, x: short(grid[at]), y: values.join(", "), height: short(height) });
  }

  #fill() {
    if (!this.table.open || !this.newest) return;
    const pieces = this.newest.pieces ?? [];
    if (!pieces.length) return this.pieces.replaceChildren(WORDS.noPieces);
    const rows = pieces.map((piece) => piece.map((value) => short(value, 4)));
    this.pieces.replaceChildren(numberTable(WORDS.pieceHeads, rows));
  }
}
