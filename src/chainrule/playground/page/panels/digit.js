/** Draw a digit: what a network that takes pictures says about it, and what its layers make of it. */

import { button, el, fill, fresh, short } from "../dom.js";
import { Grid, Picture, font } from "../draw/canvas.js";
import { pixels, scheme } from "../draw/colours.js";
import { networkOf } from "../draw/weights.js";
import { views } from "../strings/views.js";

const WORDS = views.digit;

/** @param {App} app */
export function create(app) {
  const digit = new Digit(app);
  return {
    element: digit.element,
    title: WORDS.title,
    offered: (state) => Boolean(state.data?.picture),
    frame: () => !app.state.playing && digit.stale && digit.ask(),
    changed: (reply) => digit.changed(reply),
  };
}

class Digit {
  constructor(app) {
    Object.assign(this, {
      app,
      side: 28,
      ink: new Float32Array(784),
      grid: new Grid(),
      strip: new Grid(),
      cursor: null,
      last: null,
      busy: false,
      stale: false,
    });
    this.pad = new Picture({ label: WORDS.pad, draw: () => this.draw(), height: (width) => Math.min(width, 280), name: "digit" });
    this.pad.element.classList.add("pad");
    this.said = el("p", { class: "digit-said", role: "status", text: WORDS.empty });
    this.bars = el("div", { class: "digit-bars" });
    this.layers = new Picture({
      label: WORDS.layers,
      draw: () => this.#strips(),
      height: () => Math.max(1, this.activations?.length ?? 1) * 30,
      name: "digit-layers",
    });
    this.layers.element.hidden = true;
    this.thick = el("input", { type: "range", min: 0.6, max: 2.4, step: 0.1, value: 1.3, id: fresh("pen") });
    const flags = el(
      "div",
      { class: "view-flags" },
      button(WORDS.clear, () => this.clear()),
      button(WORDS.centre, () => this.centre()),
      el("label", { class: "view-flag" }, WORDS.pen, this.thick),
    );
    this.element = el(
      "div",
      { class: "view" },
      el("p", { class: "view-note", text: WORDS.lead }),
      el("div", { class: "digit" }, el("div", {}, this.pad.element, flags), el("div", {}, this.said, this.bars)),
      this.layers.element,
    );
    this.#hand();
  }

  #hand() {
    const { canvas } = this.pad;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-roledescription", WORDS.role);
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.last = null;
      this.#pen(event);
    });
    canvas.addEventListener("pointermove", (event) => event.buttons && this.#pen(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.#at(this.cursor ?? [this.side / 2, this.side / 2]));
    canvas.addEventListener("blur", () => this.#at(null));
  }

  changed(reply) {
    const side = this.app.state.data?.picture;
    if (side && side !== this.side) {
      this.side = side;
      this.clear();
    }
    if (reply.changed.includes("weights") && this.ink.some(Boolean)) this.stale = true;
  }

  clear() {
    this.ink = new Float32Array(this.side * this.side);
    this.said.textContent = WORDS.empty;
    this.bars.replaceChildren();
    this.layers.element.hidden = true;
    this.pad.redraw();
  }

  /** Move the drawing so that its middle is the middle of the picture, as in MNIST. */
  centre() {
    const { side, ink } = this;
    let [sum, across, down] = [0, 0, 0];
    ink.forEach((value, at) => {
      sum += value;
      across += value * (at % side);
      down += value * Math.floor(at / side);
    });
    if (!sum) return;
    const [right, below] = [Math.round((side - 1) / 2 - across / sum), Math.round((side - 1) / 2 - down / sum)];
    const moved = new Float32Array(side * side);
    ink.forEach((value, at) => {
      const [x, y] = [(at % side) + right, Math.floor(at / side) + below];
      if (x >= 0 && x < side && y >= 0 && y < side) moved[y * side + x] = value;
    });
    this.ink = moved;
    this.#changed();
  }

  #size() {
    return Math.min(this.pad.width, this.pad.height) / this.side;
  }

  #pen(event) {
    const [x, y] = this.pad.place(event).map((place) => place / this.#size());
    this.#line(this.last ?? [x, y], [x, y]);
    this.last = [x, y];
  }

  #line([fromX, fromY], [toX, toY]) {
    const steps = Math.ceil(Math.hypot(toX - fromX, toY - fromY) * 2) + 1;
    for (let step = 0; step <= steps; step += 1)
      this.#dot(fromX + ((toX - fromX) * step) / steps, fromY + ((toY - fromY) * step) / steps);
    this.#changed();
  }

  // A soft round pen: dark in the middle, fading over a pixel.
  #dot(x, y) {
    const thick = (Number(this.thick.value) * this.side) / 28;
    for (let row = Math.floor(y - 3); row <= y + 3; row += 1) {
      for (let column = Math.floor(x - 3); column <= x + 3; column += 1) {
        if (row < 0 || column < 0 || row >= this.side || column >= this.side) continue;
        const far = Math.hypot(column + 0.5 - x, row + 0.5 - y);
        const value = Math.max(0, Math.min(1, thick + 0.5 - far));
        const at = row * this.side + column;
        if (value > this.ink[at]) this.ink[at] = value;
      }
    }
  }

  #key(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === " " && this.cursor) this.#toggle();
    else if (event.key === "Delete") this.clear();
    else if (move && this.cursor) {
      const to = this.cursor.map((place, axis) => Math.max(0.5, Math.min(this.side - 0.5, place + move[axis])));
      if (this.down) this.#line(this.cursor, to);
      this.#at(to);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #toggle() {
    this.down = !this.down;
    if (this.down) this.#line(this.cursor, this.cursor);
    this.app.say(this.down ? WORDS.penDown : WORDS.penUp);
  }

  #at(place) {
    this.cursor = place;
    if (!place) this.down = false;
    this.pad.redraw();
  }

  #changed() {
    this.stale = true;
    this.pad.redraw();
    this.ask();
  }

  /** Ask the network; while it answers only the newest drawing counts. */
  async ask() {
    if (this.busy) return;
    this.busy = true;
    while (this.stale) {
      this.stale = false;
      const found = await this.app.act("digit", { pixels: Array.from(this.ink) });
      if (found) this.#show(found);
    }
    this.busy = false;
  }

  #show({ header, arrays }) {
    const { classes, probabilities } = header;
    const best = probabilities.indexOf(Math.max(...probabilities));
    this.said.textContent = fill(WORDS.said, { name: classes[best], share: short(100 * probabilities[best]) });
    this.pad.describe(this.said.textContent);
    if (this.bars.childElementCount !== classes.length) {
      this.bars.replaceChildren(
        ...classes.map((name) =>
          el(
            "div",
            { class: "digit-bar" },
            el("span", { text: name }),
            el("span", { class: "digit-share" }, el("i")),
            el("span", { class: "digit-number" }),
          ),
        ),
      );
    }
    [...this.bars.children].forEach((bar, at) => {
      bar.classList.toggle("best", at === best);
      bar.children[1].firstChild.style.width = `${100 * probabilities[at]}%`;
      bar.children[2].textContent = `${(100 * probabilities[at]).toFixed(1)} %`;
    });
    this.activations = Object.keys(arrays)
      .filter((name) => /^a\d+$/.test(name))
      .map((name) => arrays[name]);
    this.layers.element.hidden = this.activations.length === 0;
    this.layers.fit();
    this.layers.redraw();
  }

  draw() {
    const { pad, side, ink } = this;
    const { context } = pad;
    pad.clear();
    const words = this.grid.words(side, side);
    const table = pixels("sequential");
    for (let at = 0; at < ink.length; at += 1) words[at] = table[(ink[at] * 255) | 0];
    const size = this.#size() * side;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.grid.commit(), 0, 0, size, size);
    Object.assign(context, { strokeStyle: scheme().soft, lineWidth: 1.5 });
    context.strokeRect(0, 0, size, size);
    if (!this.cursor || document.activeElement !== pad.canvas) return;
    const unit = this.#size();
    Object.assign(context, { strokeStyle: "#ffffff", lineWidth: 3 });
    context.strokeRect((this.cursor[0] - 1) * unit, (this.cursor[1] - 1) * unit, 2 * unit, 2 * unit);
  }

  // One strip for each layer: a cell for each unit.
  #strips() {
    const { context, width } = this.layers;
    this.layers.clear();
    (this.activations ?? []).forEach((values, layer) => {
      const words = this.strip.words(values.length, 1);
      const table = pixels("signed");
      const reach = Math.max(1e-9, ...values.map(Math.abs));
      for (let unit = 0; unit < values.length; unit += 1) words[unit] = table[(127.5 + (127.5 * values[unit]) / reach) | 0];
      context.imageSmoothingEnabled = false;
      context.drawImage(this.strip.commit(), 90, layer * 30 + 3, width - 92, 22);
      font(context, 0.75);
      Object.assign(context, {
        fillStyle: scheme().ink,
        textBaseline: "middle",
        textAlign: "left",
        strokeStyle: scheme().soft,
        lineWidth: 1,
      });
      context.fillText(layer ? networkOf(this.app).layerName(layer - 1) : views.diagram.inputs, 0, layer * 30 + 14, 86);
      context.strokeRect(90, layer * 30 + 3, width - 92, 22);
    });
  }
}
