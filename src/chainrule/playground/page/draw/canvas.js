/**
 * Pictures on a canvas: as sharp as the screen, as wide as their place, drawn again when size, theme or text size change.
 */

import { button, download, el } from "../dom.js";
import { views } from "../strings/views.js";
import { onScheme, scheme } from "./colours.js";

// A description that changes 30 times a second is of no use to anybody.
const PAUSE = 700;

/** One canvas in a figure with its caption. */
export class Picture {
  /**
   * @param {Object} given
   * @param {string} given.label what it shows
   * @param {(picture: Picture) => void} given.draw draws everything; called when there is something to see
   * @param {(width: number) => number} given.height CSS pixels for a width
   * @param {string} [given.name] file name of the picture when it is saved; without it there is no button
   * @param {number} [given.narrowest] CSS pixels below which the picture scrolls in its own box
   */
  constructor({ label, draw, height, name = "", narrowest = 0 }) {
    Object.assign(this, { label, height: 0, width: 0, scale: 1, narrowest, heightOf: height, drawing: draw, layers: new Map() });
    this.canvas = el("canvas", { role: "img", "aria-label": label });
    this.context = this.canvas.getContext("2d");
    this.caption = el("figcaption", { class: "caption" });
    this.box = el("div", { class: "picture-box" }, this.canvas);
    const save = name
      ? button(views.picture.save, () => saveCanvas(this.canvas, name), { class: "picture-save", title: views.picture.saveTitle })
      : null;
    this.element = el("figure", { class: "picture" }, this.box, el("div", { class: "picture-foot" }, this.caption, save));
    this.described = -Infinity;
    this.timer = 0;
    new ResizeObserver(() => this.#resize()).observe(this.box);
    onScheme(() => this.refresh());
  }

  /** Draw now, if there is a place for it. */
  redraw() {
    if (this.width > 0) this.drawing(this);
  }

  /** Draw from nothing: the layers too. */
  refresh() {
    this.layers.forEach((layer) => (layer.fresh = false));
    this.redraw();
  }

  /** Wipe the canvas. */
  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
  }

  /**
   * A drawing that stays until `stale(name)` or another size or theme; laid over what is drawn already.
   * @param {string} name
   * @param {(context: CanvasRenderingContext2D) => void} draw
   */
  layer(name, draw) {
    let layer = this.layers.get(name);
    if (!layer) {
      layer = { canvas: document.createElement("canvas"), fresh: false };
      this.layers.set(name, layer);
    }
    if (!layer.fresh) this.#renew(layer, draw);
    this.context.drawImage(layer.canvas, 0, 0, this.width, this.height);
  }

  /** Draw that layer anew next time. */
  stale(name) {
    const layer = this.layers.get(name);
    if (layer) layer.fresh = false;
  }

  /** Say in words what is seen; at most every so often, the newest wins. */
  describe(text) {
    this.words = text;
    this.timer ||= setTimeout(() => {
      this.timer = 0;
      this.canvas.setAttribute("aria-label", `${this.label}. ${this.words}`);
    }, PAUSE);
  }

  /** Where an event happened, in CSS pixels of the canvas. */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #renew(layer, draw) {
    Object.assign(layer.canvas, { width: this.canvas.width, height: this.canvas.height });
    const context = layer.canvas.getContext("2d");
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    draw(context);
    layer.fresh = true;
  }

  /** Take the size of the place; also called when what is drawn needs another height. */
  fit() {
    const room = this.box.clientWidth;
    if (room === 0) return false;
    const width = Math.max(room, this.narrowest);
    const height = Math.round(this.heightOf(width));
    const scale = Math.min(3, window.devicePixelRatio || 1);
    if (width === this.width && height === this.height && scale === this.scale) return false;
    Object.assign(this, { width, height, scale });
    Object.assign(this.canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    return true;
  }

  #resize() {
    if (this.fit()) this.refresh();
  }
}

/** Hand a canvas to the reader as a PNG file, on the page's colour; what is drawn on it alone would be transparent around. */
export async function saveCanvas(canvas, name) {
  const copy = document.createElement("canvas");
  Object.assign(copy, { width: canvas.width, height: canvas.height });
  const context = copy.getContext("2d");
  context.fillStyle = scheme().paper;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  const blob = await new Promise((resolve) => copy.toBlob(resolve, "image/png"));
  download(`${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-")}.png`, "image/png", blob);
}

/** A small canvas that holds one pixel for each number, to be drawn larger. */
export class Grid {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.columns = this.rows = 0;
  }

  /** Pixels of that many rows and columns; `commit` after writing. */
  words(columns, rows) {
    if (columns !== this.columns || rows !== this.rows) {
      Object.assign(this, { columns, rows });
      Object.assign(this.canvas, { width: columns, height: rows });
      this.context = this.canvas.getContext("2d");
      this.image = this.context.createImageData(columns, rows);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    return this.pixels;
  }

  commit() {
    this.context.putImageData(this.image, 0, 0);
    return this.canvas;
  }
}

/** Text in the size of the page; `size` in rem. */
export function font(context, size = 0.75, weight = "normal") {
  const { rem, family } = scheme();
  context.font = `${weight} ${Math.round(size * rem * 10) / 10}px ${family}`;
  return size * rem;
}

/** Text with a rim of the page's colour, legible on any ground. */
export function haloed(context, text, x, y, colour = scheme().ink) {
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = scheme().halo;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}
