/** A wide network: the weights of each layer as a matrix of colours, the units' maps as a mosaic. */

import { el, fill, short } from "../dom.js";
import { Grid, Picture, font } from "../draw/canvas.js";
import { pixels, scheme } from "../draw/colours.js";
import { views } from "../strings/views.js";

const WORDS = views.diagram;
const LARGEST_CELL = 16;
const TALLEST = 220;
const FACE = 22;
const MOSAIC = 0.34;

/** Matrices of a network; keyboard cursor over all of them. */
export class Matrices {
  constructor(app, network, faces) {
    Object.assign(this, {
      app,
      network,
      faces,
      blocks: [],
      grids: [],
      reach: [],
      at: { layer: 0, unit: 0, source: 0 },
      focused: false,
    });
    this.picture = new Picture({
      label: WORDS.matrices,
      draw: () => this.draw(),
      height: (width) => this.#arrange(width),
      name: "weights",
    });
    this.readout = el("p", { class: "readout", text: WORDS.matrixHint });
    this.picture.caption.append(this.readout);
    this.element = this.picture.element;
    const { canvas } = this.picture;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-roledescription", WORDS.matrixRole);
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.#focus(true));
    canvas.addEventListener("blur", () => this.#focus(false));
    canvas.addEventListener("pointermove", (event) => this.#over(event));
    canvas.addEventListener("click", (event) => this.#click(event));
  }

  /** The network has another shape. */
  renew() {
    this.at = { layer: 0, unit: 0, source: 0 };
    this.grids = this.network.widths.slice(1).map(() => new Grid());
    this.drawn = -2;
    this.picture.fit();
  }

  redraw() {
    this.picture.fit();
    this.picture.redraw();
  }

  // One block for each layer, one below the other: mosaic at the left, matrix (a row for each unit) at the right.
  #arrange(width) {
    const head = 1.5 * scheme().rem;
    const half = Math.round(width * MOSAIC);
    let top = 0;
    this.blocks = this.network.widths.slice(1).map((units, layer) => {
      const sources = this.network.widths[layer];
      const cell = Math.min(LARGEST_CELL, (width - half - 12) / sources);
      const columns = Math.max(1, Math.min(units, Math.floor((half - 8) / FACE)));
      const wanted = Math.max(units * Math.min(LARGEST_CELL, Math.max(cell, 2)), Math.min(units, 8) * 4, 20);
      const tall = Math.min(TALLEST, wanted);
      const faces = Math.min(units, columns * Math.max(1, Math.floor(tall / FACE)));
      const block = { layer, units, sources, columns, faces, top: top + head, left: half, width: cell * sources, height: tall };
      top += head + tall + 14;
      return block;
    });
    return Math.max(top, 40);
  }

  draw() {
    const { picture, network } = this;
    const { context } = picture;
    picture.clear();
    if (!network.ready || this.blocks.length !== network.widths.length - 1) return;
    for (const block of this.blocks) {
      this.#paint(block);
      font(context, 0.75, "bold");
      Object.assign(context, { fillStyle: scheme().ink, textAlign: "left", textBaseline: "bottom" });
      context.fillText(network.layerName(block.layer), 0, block.top - 3);
      const largest = fill(WORDS.matrix, { units: block.units, sources: block.sources, most: short(this.reach[block.layer], 2) });
      font(context, 0.72);
      context.fillText(largest, block.left, block.top - 3);
      context.imageSmoothingEnabled = block.width < block.sources || block.height < block.units;
      context.drawImage(this.grids[block.layer].canvas, block.left, block.top, block.width, block.height);
      Object.assign(context, { strokeStyle: scheme().soft, lineWidth: 1 });
      context.strokeRect(block.left, block.top, block.width, block.height);
      this.#mosaic(block);
    }
    this.drawn = network.version;
    if (this.focused) this.#cursor();
  }

  #paint(block) {
    const weights = this.network.weights[block.layer];
    if (this.drawn === this.network.version && this.grids[block.layer].columns === block.sources && this.theme === scheme())
      return;
    if (block.layer === this.blocks.length - 1) this.theme = scheme();
    let reach = 1e-12;
    for (let at = 0; at < weights.length; at += 1) if (Math.abs(weights[at]) > reach) reach = Math.abs(weights[at]);
    this.reach[block.layer] = reach;
    const words = this.grids[block.layer].words(block.sources, block.units);
    const table = pixels("signed");
    for (let source = 0; source < block.sources; source += 1) {
      for (let unit = 0; unit < block.units; unit += 1) {
        const value = weights[source * block.units + unit];
        words[unit * block.sources + source] = table[(127.5 + (127.5 * value) / reach) | 0];
      }
    }
    this.grids[block.layer].commit();
  }

  #mosaic({ layer, faces, columns, top }) {
    const { context } = this.picture;
    context.imageSmoothingEnabled = true;
    for (let unit = 0; unit < faces; unit += 1) {
      const [x, y] = [(unit % columns) * FACE, top + Math.floor(unit / columns) * FACE];
      this.faces.draw(context, layer, unit, x, y, FACE - 2, FACE - 2);
      context.strokeStyle = scheme().soft;
      context.strokeRect(x, y, FACE - 2, FACE - 2);
    }
  }

  #cursor() {
    const { context } = this.picture;
    const block = this.blocks[this.at.layer];
    const [wide, tall] = [block.width / block.sources, block.height / block.units];
    const [x, y] = [block.left + (this.at.source + 0.5) * wide, block.top + (this.at.unit + 0.5) * tall];
    const [across, down] = [Math.max(wide, 6), Math.max(tall, 6)];
    for (const [width, colour] of [
      [5, scheme().halo],
      [2.5, scheme().mark],
    ]) {
      Object.assign(context, { lineWidth: width, strokeStyle: colour });
      context.strokeRect(x - across / 2, y - down / 2, across, down);
    }
  }

  #focus(on) {
    this.focused = on;
    if (on) this.#tell(this.at);
    this.picture.redraw();
  }

  #tell({ layer, unit, source }) {
    if (!this.network.ready) return;
    this.readout.textContent =
      source === undefined ? this.network.tell(layer + 1, unit) : this.network.tellWeight(layer, unit, source);
  }

  #key(event) {
    const block = this.blocks[this.at.layer];
    if (!block || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 10 : 1;
    const clamp = (value, most) => Math.max(0, Math.min(most - 1, value));
    const moved = {
      ArrowLeft: () => ({ source: clamp(this.at.source - step, block.sources) }),
      ArrowRight: () => ({ source: clamp(this.at.source + step, block.sources) }),
      ArrowUp: () => ({ unit: clamp(this.at.unit - step, block.units) }),
      ArrowDown: () => ({ unit: clamp(this.at.unit + step, block.units) }),
      PageUp: () => ({ layer: clamp(this.at.layer - 1, this.blocks.length), unit: 0, source: 0 }),
      PageDown: () => ({ layer: clamp(this.at.layer + 1, this.blocks.length), unit: 0, source: 0 }),
    }[event.key];
    if (moved) {
      Object.assign(this.at, moved());
      this.#tell(this.at);
      this.app.say(this.readout.textContent);
      this.picture.redraw();
    } else if (event.key === "Enter") this.#explain(this.at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #spot(event) {
    const [x, y] = this.picture.place(event);
    const block = this.blocks.find(
      ({ top, height, faces, columns }) => y >= top && y < top + Math.max(height, Math.ceil(faces / columns) * FACE),
    );
    if (!block) return null;
    const face = Math.floor((y - block.top) / FACE) * block.columns + Math.floor(x / FACE);
    if (x < block.columns * FACE && face < block.faces) return { layer: block.layer, unit: face };
    const source = Math.floor(((x - block.left) / block.width) * block.sources);
    const unit = Math.floor(((y - block.top) / block.height) * block.units);
    return x >= block.left && source < block.sources && unit < block.units ? { layer: block.layer, unit, source } : null;
  }

  #over(event) {
    const spot = this.#spot(event);
    if (spot) this.#tell(spot);
    this.picture.canvas.classList.toggle("pointing", Boolean(spot));
    const node = spot && spot.source === undefined ? { layer: spot.layer, unit: spot.unit } : null;
    this.app.emit("hover", node);
  }

  #click(event) {
    const spot = this.#spot(event);
    if (!spot) return;
    if (spot.source !== undefined) Object.assign(this.at, spot);
    this.#explain(spot);
  }

  #explain({ layer, unit, source }) {
    const what = source === undefined ? { kind: "unit", layer, unit } : { kind: "weight", layer, unit, source };
    this.app.explain(what);
  }
}
