/** The linear regions of a network of piecewise linear units: inside each the network is one straight function. */

import { button, el } from "../dom.js";
import { Axes } from "../draw/axes.js";
import { Picture } from "../draw/canvas.js";
import { classPixels, css, scheme } from "../draw/colours.js";
import { haloLine } from "../draw/contour.js";
import { stampRows } from "../draw/markers.js";
import { rowsOf } from "../draw/rows.js";
import { views } from "../strings/views.js";

const WORDS = views.regions;
const TINTS = 6;

/** @param {App} app */
export function create(app) {
  const regions = new Regions(app);
  return {
    element: regions.element,
    title: WORDS.title,
    changed: (reply) => (reply.changed.includes("network") || reply.changed.includes("data")) && regions.drop(),
    offered: (state) => Boolean(state.network?.joints) && state.data?.dimension !== 1,
  };
}

class Regions {
  constructor(app) {
    Object.assign(this, { app, newest: null, axes: new Axes({ x: "x", y: "y", grid: false }), rows: rowsOf(app) });
    this.picture = new Picture({
      label: WORDS.title,
      draw: () => this.draw(),
      height: (width) => Math.min(this.axes.squareHeight(width), 480),
      name: "regions",
    });
    this.ask = button(WORDS.compute, () => this.compute());
    this.points = el("input", { type: "checkbox", on: { change: () => this.picture.redraw() } });
    this.told = el("p", { class: "view-note", role: "status" });
    const flags = el("div", { class: "view-flags" }, this.ask, el("label", { class: "view-flag" }, this.points, WORDS.points));
    this.picture.element.hidden = true;
    this.element = el(
      "div",
      { class: "view" },
      el("p", { class: "view-note", text: WORDS.lead }),
      flags,
      this.told,
      this.picture.element,
    );
  }

  drop() {
    this.newest = null;
    this.picture.element.hidden = true;
    this.told.textContent = "";
  }

  async compute() {
    this.ask.disabled = true;
    this.told.textContent = WORDS.computing;
    const frame = await this.app.act("regions");
    this.ask.disabled = false;
    this.told.textContent = frame?.header.text ?? "";
    this.newest = frame?.header.known ? { ...frame.header, ...frame.arrays } : null;
    this.picture.element.hidden = !this.newest;
    if (!this.newest) return;
    this.picture.fit();
    this.picture.describe(this.told.textContent);
    this.draw();
  }

  draw() {
    const { picture, newest, axes } = this;
    if (!newest || picture.width === 0) return;
    const [left, right, bottom, top] = this.app.state.data.limits;
    [axes.titleX, axes.titleY] = this.app.state.data.axes;
    axes.within(0, 0, picture.width, picture.height).ranges(left, right, bottom, top);
    picture.clear();
    axes.clipped(picture.context, () => {
      this.#polygons(picture.context);
      this.#borders(picture.context);
      if (this.points.checked) this.#points(picture.context);
    });
    axes.draw(picture.context);
  }

  #polygons(context) {
    const { polygons, corners, owner } = this.newest;
    const table = classPixels(TINTS);
    let from = 0;
    polygons.forEach((count, at) => {
      context.beginPath();
      for (let corner = from; corner < from + count; corner += 1) {
        context[corner > from ? "lineTo" : "moveTo"](this.axes.x(corners[2 * corner]), this.axes.y(corners[2 * corner + 1]));
      }
      context.closePath();
      from += count;
      // Neighbours get different tints; the number of the tint itself means nothing.
      const place = owner?.length === polygons.length ? owner[at] : at;
      const word = table[((place * 7 + Math.floor(place / TINTS)) % TINTS) * 256 + 90 + ((place * 53) % 110)];
      context.fillStyle = css(word);
      context.fill();
      Object.assign(context, { strokeStyle: scheme().ink, lineWidth: 0.8, lineJoin: "round" });
      context.stroke();
    });
  }

  /** Where the decision changes. */
  #borders(context) {
    const { borders } = this.newest;
    if (!borders?.length) return;
    context.beginPath();
    for (let at = 0; at < borders.length; at += 4) {
      context.moveTo(this.axes.x(borders[at]), this.axes.y(borders[at + 1]));
      context.lineTo(this.axes.x(borders[at + 2]), this.axes.y(borders[at + 3]));
    }
    haloLine(context, 2.6);
  }

  #points(context) {
    if (!this.rows.frame || !this.app.state.data.classes.length) return;
    const { X } = this.rows.frame.arrays;
    stampRows(context, this.rows.frame.arrays, {
      at: (row) => [this.axes.x(X[2 * row]), this.axes.y(X[2 * row + 1])],
      colour: null,
      size: 2.6,
      scale: this.picture.scale,
    });
  }
}
