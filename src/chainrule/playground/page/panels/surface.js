/** A slice of the loss over the weights, with the way the training took; computed when it is asked for. */

import { button, el, fill, fresh, short } from "../dom.js";
import { Axes } from "../draw/axes.js";
import { Grid, Picture } from "../draw/canvas.js";
import { crossing, haloLine, path } from "../draw/contour.js";
import { paint } from "../draw/field.js";
import { bar } from "../draw/legend.js";
import { outline } from "../draw/markers.js";
import { views } from "../strings/views.js";

const WORDS = views.surface;
const RESOLUTION = 35;
const CONTOURS = 12;

/** @param {App} app */
export function create(app) {
  const surface = new Surface(app);
  return {
    element: surface.element,
    title: WORDS.title,
    changed: (reply) => reply.changed.includes("network") && surface.drop(),
  };
}

class Surface {
  constructor(app) {
    Object.assign(this, { app, newest: null, axes: new Axes({ grid: false }), grid: new Grid() });
    this.picture = new Picture({
      label: WORDS.title,
      draw: () => this.draw(),
      height: (width) => Math.min(width * 0.9, 460),
      name: "loss-surface",
    });
    const choice = (choices) =>
      el(
        "select",
        { id: fresh("surface") },
        Object.entries(choices).map(([value, text]) => el("option", { value, text })),
      );
    this.kind = choice(WORDS.kinds);
    this.kind.addEventListener("change", () => (this.reach.hidden = this.kind.value !== "random"));
    this.span = choice(WORDS.spans);
    this.reach = el("label", { class: "view-flag", hidden: true }, WORDS.span, this.span);
    this.ask = button(WORDS.compute, () => this.compute());
    this.told = el("p", { class: "view-note", role: "status" });
    this.legend = el("div", { class: "legend" });
    const flags = el(
      "div",
      { class: "view-flags" },
      el("label", { class: "view-flag" }, WORDS.kind, this.kind),
      this.reach,
      this.ask,
    );
    this.picture.element.hidden = true;
    this.element = el(
      "div",
      { class: "view" },
      el("p", { class: "view-note", text: WORDS.lead }),
      flags,
      this.told,
      this.legend,
      this.picture.element,
    );
  }

  drop() {
    this.newest = null;
    this.picture.element.hidden = true;
    this.legend.replaceChildren();
    this.told.textContent = "";
  }

  async compute() {
    this.ask.disabled = true;
    this.told.textContent = WORDS.computing;
    const asked = { resolution: RESOLUTION, span: Number(this.span.value), kind: this.kind.value };
    const frame = await this.app.act("surface", asked);
    this.ask.disabled = false;
    if (!frame) return this.drop();
    this.#take(frame);
  }

  #take({ header, arrays }) {
    this.newest = { ...header, ...arrays };
    const finite = Array.from(arrays.surface).filter(Number.isFinite);
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    // On a logarithmic scale, as losses far from the way are large beyond all others.
    this.logs = Object.assign(
      arrays.surface.map((value) => Math.log(value - low + 0.02 * (high - low) + 1e-12)),
      { shape: [1, ...arrays.surface.shape] },
    );
    const logs = Array.from(this.logs).filter(Number.isFinite);
    this.scale = { kind: "sequential", low: Math.min(...logs), high: Math.max(...logs) };
    this.told.textContent = `${header.text ?? ""} ${fill(WORDS.at, { epoch: this.app.state.status.epoch })}`.trim();
    const middle = Math.exp((this.scale.low + this.scale.high) / 2) + low - 0.02 * (high - low);
    this.legend.replaceChildren(bar(this.scale, WORDS.colours, [low, middle, high]), el("span", { text: WORDS.marks }));
    this.picture.element.hidden = false;
    this.picture.fit();
    this.picture.describe(
      fill(WORDS.spoken, {
        low: short(low),
        high: short(high),
        axes: header.axes.join(", "),
        steps: arrays.path ? arrays.path.length / 2 : 0,
      }),
    );
    this.draw();
  }

  draw() {
    const { picture, newest, axes } = this;
    if (!newest || picture.width === 0) return;
    const { context } = picture;
    const [left, right, bottom, top] = newest.limits;
    [axes.titleX, axes.titleY] = newest.axes;
    axes.within(0, 0, picture.width, picture.height).ranges(left, right, bottom, top);
    picture.clear();
    context.imageSmoothingEnabled = true;
    context.drawImage(
      paint(this.grid, this.logs, this.scale),
      axes.left,
      axes.top,
      axes.right - axes.left,
      axes.bottom - axes.top,
    );
    axes.clipped(context, () => {
      this.#contours(context);
      this.#way(context);
    });
    axes.draw(context);
  }

  #contours(context) {
    const [, rows, columns] = this.logs.shape;
    const { axes } = this;
    const x = (column) => axes.left + (column / (columns - 1)) * (axes.right - axes.left);
    const y = (row) => axes.bottom - (row / (rows - 1)) * (axes.bottom - axes.top);
    Object.assign(context, { strokeStyle: "#ffffff", lineWidth: 0.8, globalAlpha: 0.6 });
    for (let part = 1; part < CONTOURS; part += 1) {
      path(
        context,
        crossing(this.logs, columns, rows, this.scale.low + (part / CONTOURS) * (this.scale.high - this.scale.low)),
        x,
        y,
      );
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  #way(context) {
    const { path: way, now } = this.newest;
    const { axes } = this;
    if (way?.length) {
      context.beginPath();
      for (let at = 0; at < way.length; at += 2) context[at ? "lineTo" : "moveTo"](axes.x(way[at]), axes.y(way[at + 1]));
      haloLine(context, 2.2);
      this.#mark(context, "square", way[0], way[1]);
    }
    if (now) this.#mark(context, "star", now[0], now[1]);
  }

  #mark(context, shape, x, y) {
    context.beginPath();
    outline(context, shape, this.axes.x(x), this.axes.y(y), 7);
    Object.assign(context, { fillStyle: "#ffffff", strokeStyle: "#000000", lineWidth: 2 });
    context.fill();
    context.stroke();
  }
}
