/** How the activations of each layer are spread over the training rows; units that are dead or saturated. */

import { el, fill, short } from "../dom.js";
import { Picture, font } from "../draw/canvas.js";
import { scheme } from "../draw/colours.js";
import { networkOf } from "../draw/weights.js";
import { views } from "../strings/views.js";

const WORDS = views.histograms;
const ROW = 92;

/** @param {App} app */
export function create(app) {
  const histograms = new Histograms(app);
  return {
    element: histograms.element,
    title: WORDS.title,
    wanted: () => ({ histograms: { bins: 40 } }),
    frame: (frame) => histograms.take(frame),
  };
}

class Histograms {
  constructor(app) {
    Object.assign(this, { app, newest: null });
    this.picture = new Picture({
      label: WORDS.title,
      draw: () => this.draw(),
      height: () => Math.max(1, this.layers) * this.#row,
      name: "activations",
    });
    this.element = el("div", { class: "view" }, el("p", { class: "view-note", text: WORDS.lead }), this.picture.element);
  }

  get layers() {
    return this.newest?.told.length ?? 1;
  }

  get #row() {
    return ROW * Math.max(1, scheme().rem / 16);
  }

  take(frame) {
    if (!frame.arrays.histograms) return;
    this.newest = { told: frame.header.histograms, shares: frame.arrays.histograms, edges: frame.arrays.edges };
    this.picture.fit();
    this.draw();
    this.picture.describe(this.newest.told.map((told) => this.#words(told)).join(". "));
  }

  #words({ layer, dead, saturated }) {
    const name = networkOf(this.app).layerName(layer);
    const activation = this.app.state.network.layers[layer]?.activation ?? "";
    const parts = [`${name}, ${activation}`];
    if (dead !== null && dead !== undefined) parts.push(fill(WORDS.dead, { share: percent(dead) }));
    if (saturated !== null && saturated !== undefined) parts.push(fill(WORDS.saturated, { share: percent(saturated) }));
    return parts.join(" · ");
  }

  draw() {
    const { picture, newest } = this;
    if (!newest || picture.width === 0) return;
    picture.clear();
    newest.told.forEach((told, at) => this.#layer(picture.context, told, at));
  }

  #layer(context, told, at) {
    const { shares, edges } = this.newest;
    const bins = shares.shape[1];
    const height = this.#row;
    const [top, bottom] = [at * height + 1.6 * scheme().rem, (at + 1) * height - 1.5 * scheme().rem];
    const [left, right] = [8, this.picture.width - 8];
    let most = 1e-9;
    for (let bin = 0; bin < bins; bin += 1) most = Math.max(most, shares[at * bins + bin]);
    context.fillStyle = scheme().curves[0];
    const wide = (right - left) / bins;
    for (let bin = 0; bin < bins; bin += 1) {
      const tall = (shares[at * bins + bin] / most) * (bottom - top);
      context.fillRect(left + bin * wide, bottom - tall, Math.max(1, wide - 1), tall);
    }
    this.#marks(context, told, at, { top, bottom, left, right, bins, edges });
  }

  #marks(context, told, at, { top, bottom, left, right, bins, edges }) {
    const { ink, soft } = scheme();
    context.strokeStyle = soft;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(left, bottom + 0.5);
    context.lineTo(right, bottom + 0.5);
    context.stroke();
    font(context, 0.75, "bold");
    Object.assign(context, { fillStyle: ink, textBaseline: "bottom", textAlign: "left" });
    context.fillText(this.#words(told), left, top - 4);
    font(context, 0.72);
    context.textBaseline = "top";
    const [low, high] = [edges[at * (bins + 1)], edges[at * (bins + 1) + bins]];
    for (const [share, align] of [
      [0, "left"],
      [0.5, "center"],
      [1, "right"],
    ]) {
      context.textAlign = align;
      context.fillText(short(low + share * (high - low), 2), left + share * (right - left), bottom + 4);
    }
  }
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
