/** One of several runs that are compared: a session of its own on a line of its own. */

import { Grid } from "./draw/canvas.js";
import { paint, scaleOf } from "./draw/field.js";
import { BACKLOG, History } from "./draw/history.js";
import { openOn } from "./opening.js";
import { difference } from "./state.js";
import { Transport } from "./transport.js";

const FRAMES = 12;
const RESOLUTION = 50;

export class Racer {
  /**
   * @param {string} name one letter
   * @param {Object} setup
   * @param {(racer: Racer) => void} drawn called when there is something new to see
   */
  constructor(name, setup, drawn) {
    Object.assign(this, { name, setup, drawn, history: new History(), grid: new Grid(), status: null, metrics: null, playing: false });
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    Object.assign(this.canvas, { width: 220, height: 220 });
    this.transport = new Transport({
      live: (frame) => this.#live(frame),
      event: ({ event }) => {
        if (event !== "stopped") return;
        this.playing = false;
        this.drawn(this);
      },
    });
  }

  /** Open the session; `file` is the page's own table. */
  async begin(file) {
    await this.transport.connect();
    const { opened, reply } = await openOn(this.transport, this.setup, file);
    const told = reply ?? opened.describe;
    [this.setup, this.status, this.dimension] = [told.setup, told.status, told.data.dimension];
    this.#watch();
  }

  #watch() {
    this.known = this.history.rows;
    const wanted = { metrics: true, curves: { run: this.history.run, known: this.known } };
    if (this.dimension > 1) wanted.map = { resolution: RESOLUTION };
    this.transport.tell("watch", { wanted, fps: FRAMES });
  }

  /** Train until that many epochs are done in all. */
  async play(epochs) {
    await this.transport.ask("change", { changes: { "run.until.epochs": epochs } });
    await this.transport.ask("play", { speed: null });
    this.playing = true;
  }

  async pause() {
    this.playing = false;
    await this.transport.ask("pause");
  }

  async reset() {
    await this.pause();
    ({ status: this.status } = await this.transport.ask("reset"));
    this.history.reset();
    this.#watch();
  }

  close() {
    this.transport.close();
  }

  /** What differs from another run, field by field. */
  differs(from) {
    return Object.entries(difference(from.setup, this.setup)).filter(([field]) => !field.startsWith("run.until") && !field.startsWith("view"));
  }

  #live(frame) {
    this.status = frame.header.status;
    this.metrics = frame.header.metrics ?? this.metrics;
    this.playing = frame.header.playing;
    this.history.take(frame);
    this.frame = frame;
    requestAnimationFrame(() => {
      this.redraw();
      this.drawn(this);
      this.transport.tell("drawn");
      if (this.history.rows - this.known > BACKLOG || this.history.run !== this.status.run) this.#watch();
    });
  }

  redraw() {
    const { map } = this.frame?.arrays ?? {};
    if (!map) return;
    const context = this.canvas.getContext("2d");
    context.imageSmoothingEnabled = true;
    context.drawImage(paint(this.grid, map, scaleOf(this.frame.header.map, map.shape[0])), 0, 0, this.canvas.width, this.canvas.height);
  }
}
