/** The decision map: what the network says everywhere, the data on it, its border and the best possible one. */

import { el, fill, short } from "../dom.js";
import { Axes } from "../draw/axes.js";
import { Grid, Picture } from "../draw/canvas.js";
import { classColour, scheme, shapeSign } from "../draw/colours.js";
import { crossing, haloLine, joinedPath, path } from "../draw/contour.js";
import { ahead, at, paint, scaleOf, shade } from "../draw/field.js";
import { bar, key } from "../draw/legend.js";
import { stampRows } from "../draw/markers.js";
import { rowsOf } from "../draw/rows.js";
import { views } from "../strings/views.js";
import { Hand } from "./hand.js";

const WORDS = views.map;
const DETAILS = [40, 60, 100, 160];
const BAYES_DASHES = [6, 5];
const PALE = 0.65;

/** @param {App} app */
export function create(app) {
  const map = new DecisionMap(app);
  return {
    element: map.element,
    title: WORDS.title,
    wanted: () => (map.planar ? { map: { resolution: Number(map.detail.value), unit: map.unit } } : {}),
    frame: (frame) => map.take(frame),
    changed: (reply) => map.changed(reply),
  };
}

class DecisionMap {
  constructor(app) {
    Object.assign(this, {
      app,
      unit: null,
      field: null,
      bayes: null,
      grid: new Grid(),
      legendFor: "",
      axes: new Axes({ x: "x", y: "y", grid: false }),
    });
    this.rows = rowsOf(app);
    this.picture = new Picture({
      label: WORDS.title,
      draw: () => this.draw(),
      height: (width) => Math.min(this.axes.squareHeight(width), 620),
      name: "map",
    });
    this.hand = new Hand(this, WORDS);
    this.build();
    this.rows.onNew(() => this.#renew());
    app.on("hover", (unit) => this.showUnit(unit));
  }

  build() {
    const flag = (name, checked, work) => {
      const input = el("input", { type: "checkbox", checked, on: { change: work } });
      this[name] = input;
      return el("label", { class: "view-flag" }, input, WORDS[name]);
    };
    const again = () => this.#renew();
    this.detail = el("select", { on: { change: () => this.app.watch() } });
    for (const value of DETAILS)
      this.detail.append(el("option", { value, text: fill(WORDS.cells, { n: value }), selected: value === 60 }));
    this.heading = el("h3", { class: "view-title", text: WORDS.title });
    this.legend = el("div", { class: "legend" });
    this.told = el("p", { class: "view-note", hidden: true });
    const flags = el(
      "div",
      { class: "view-flags" },
      flag("test", true, again),
      flag("best", true, again),
      flag("hard", false, () => this.picture.redraw()),
      flag("lines", true, () => this.picture.redraw()),
      el("label", { class: "view-flag" }, WORDS.detail, this.detail),
    );
    const options = el("details", { class: "view-options" }, el("summary", { text: views.picture.options }), flags);
    this.element = el("div", { class: "view" }, this.heading, this.legend, this.picture.element, this.told, options);
  }

  get planar() {
    return (this.app.state.data?.dimension ?? 2) !== 1;
  }

  /** What the map covers: left, right, bottom, top; null before the first frame. */
  get limits() {
    return this.field?.limits ?? null;
  }

  changed(reply) {
    if (reply.changed.includes("data")) {
      this.bayes = null;
      const known = Boolean(this.app.state.data.bayes?.known) && this.planar;
      this.best.closest("label").hidden = !known;
      if (known) this.#askBest();
    }
    if (reply.changed.includes("network") && this.unit) this.showUnit(null);
  }

  async #askBest() {
    try {
      this.bayes = await this.app.do("bayes", { resolution: 120 });
      this.#renew();
    } catch (error) {
      this.app.fail(error);
    }
  }

  /** Show a unit's own map while it is looked at; null shows the network's. */
  showUnit(unit) {
    const wanted = unit ? [unit.layer, unit.unit] : null;
    if (String(wanted) === String(this.unit)) return;
    this.unit = wanted;
    this.app.watch();
  }

  take(frame) {
    if (!frame.arrays.map) return;
    this.field = { map: frame.arrays.map, ...frame.header.map };
    this.scale = scaleOf(this.field, this.field.map.shape[0]);
    const limits = String([this.field.limits, this.field.x, this.field.y]);
    if (limits !== this.framed) {
      this.framed = limits;
      this.picture.stale("data");
    }
    this.#head(frame.header);
    this.draw();
  }

  #renew() {
    this.picture.stale("data");
    this.picture.redraw();
  }

  #head({ metrics, status }) {
    const { field } = this;
    this.#legendOnce();
    this.told.hidden = !field.slice;
    if (field.slice) this.told.textContent = field.slice;
    if (metrics)
      this.picture.describe(
        fill(WORDS.spoken, { epoch: status.epoch, x: field.x, y: field.y, boundary: metrics.boundary ?? "" }),
      );
  }

  #legendOnce() {
    const { field, scale } = this;
    const { classes = [], counts = [], target = "" } = this.app.state.data;
    const signature = JSON.stringify([
      field.kind,
      this.unit,
      classes,
      counts,
      scheme().name,
      scale.low.toPrecision(2),
      scale.high.toPrecision(2),
    ]);
    if (signature === this.legendFor) return;
    this.legendFor = signature;
    const unit = this.unit
      ? fill(this.unit[0] < 0 ? WORDS.ofInput : WORDS.ofUnit, { layer: this.unit[0] + 1, unit: this.unit[1] + 1 })
      : "";
    this.heading.textContent = unit || WORDS.title;
    const keys = classes.map((name, place) =>
      key(classColour(place), shapeSign(place), fill(WORDS.class, { name, n: counts[place] ?? "" })),
    );
    const title = this.unit
      ? WORDS.activation
      : field.kind === "probability"
        ? fill(WORDS.probability, { name: classes[1] ?? 1 })
        : target || field.kind;
    const scaled = scale.kind === "classes" ? [] : [bar(scale, title)];
    this.legend.replaceChildren(...keys, ...scaled);
  }

  draw() {
    const { picture, field } = this;
    if (!field || picture.width === 0) return;
    const [left, right, bottom, top] = field.limits;
    Object.assign(this.axes, { titleX: field.x, titleY: field.y });
    this.axes.within(0, 0, picture.width, picture.height).ranges(left, right, bottom, top);
    const context = picture.context;
    picture.clear();
    const shown = paint(this.grid, field.map, this.scale, this.hard.checked && field.border !== null ? field.border : null);
    context.imageSmoothingEnabled = !this.hard.checked;
    // Paler where a unit is shown, as rows of any colour must stand out from it.
    context.globalAlpha = this.unit ? PALE : 1;
    context.drawImage(shown, this.axes.left, this.axes.top, this.axes.right - this.axes.left, this.axes.bottom - this.axes.top);
    context.globalAlpha = 1;
    if (this.lines.checked) this.axes.clipped(context, () => this.#borders(context));
    picture.layer("data", (layer) => this.#data(layer));
    this.hand.draw(context);
  }

  #borders(context) {
    const { map, border } = this.field;
    const [planes, rows, columns] = map.shape;
    const x = (column) => this.axes.left + ((column + 0.5) / columns) * (this.axes.right - this.axes.left);
    const y = (row) => this.axes.bottom - ((row + 0.5) / rows) * (this.axes.bottom - this.axes.top);
    if (planes > 1) {
      // Every border is the border of two classes: the last class's need not be drawn again.
      for (let place = 0; place < planes - 1; place += 1) {
        path(context, crossing(ahead(map, place), columns, rows, 0), x, y);
        haloLine(context, 1.8);
      }
    } else if (border !== null && border !== undefined) {
      path(context, crossing(map, columns, rows, border), x, y);
      haloLine(context, 2.2);
    } else {
      for (let part = 1; part < 8; part += 1) {
        path(context, crossing(map, columns, rows, this.scale.low + (part / 8) * (this.scale.high - this.scale.low)), x, y);
        context.strokeStyle = scheme().soft;
        context.lineWidth = part === 4 ? 1.6 : 0.7;
        context.stroke();
      }
    }
  }

  /** What does not change while the network learns: the rows, the best border, the axes. */
  #data(context) {
    this.axes.clipped(context, () => {
      if (this.best.checked && this.bayes?.header.known) this.#best(context);
      this.#points(context);
    });
    this.axes.draw(context);
  }

  #best(context) {
    const { bayes } = this.bayes.arrays;
    if (this.app.state.data.task !== "classification") return;
    const [rows, columns] = bayes.shape;
    const { left, right, top, bottom } = this.axes;
    const line = crossing(bayes, columns, rows, 0.5);
    joinedPath(
      context,
      line,
      (column) => left + ((column + 0.5) / columns) * (right - left),
      (row) => bottom - ((row + 0.5) / rows) * (bottom - top),
    );
    haloLine(context, 1.6, BAYES_DASHES);
  }

  #points(context) {
    if (!this.rows.shown || !this.planar) return;
    const { X, y } = this.rows.shown;
    const sorted = this.app.state.data.classes.length > 0;
    const given = {
      at: (row) => [this.axes.x(X[2 * row]), this.axes.y(X[2 * row + 1])],
      colour: sorted ? null : (value) => (this.unit ? scheme().soft : shade(value, this.scale)),
      size: y.length > 1500 ? 2.4 : y.length > 700 ? 3.2 : 4,
      scale: this.picture.scale,
    };
    // Training rows lie above the others.
    for (const part of this.test.checked ? [false, true] : [true]) stampRows(context, this.rows.shown, { ...given, part });
  }

  /** The numbers at a place of the data. */
  at(x, y) {
    const [left, right, bottom, top] = this.field.limits;
    return at(this.field.map, (x - left) / (right - left), (y - bottom) / (top - bottom));
  }

  /** The place's numbers in words. */
  tell(x, y) {
    const { field, app } = this;
    const { classes } = app.state.data;
    const values = this.at(x, y);
    const where = `${field.x} = ${short(x)}, ${field.y} = ${short(y)}`;
    if (values.length > 1) {
      const best = values.indexOf(Math.max(...values));
      return fill(WORDS.atClasses, { where, name: classes[best], value: short(values[best]), sign: shapeSign(best) });
    }
    if (this.unit) return fill(WORDS.atUnit, { where, value: short(values[0]) });
    if (field.kind === "probability")
      return fill(WORDS.atProbability, { where, name: classes[1] ?? "1", value: short(values[0]) });
    return fill(WORDS.atValue, { where, value: short(values[0]) });
  }
}
