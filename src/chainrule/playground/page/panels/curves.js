/** Losses, scores and learning rate over the epochs: axes, logarithmic if wanted, a cursor for pointer and keys, a table. */

import { el, fill, folded, fresh, numberTable, scrolling, short } from "../dom.js";
import { Axes } from "../draw/axes.js";
import { Picture } from "../draw/canvas.js";
import { DASHES, scheme } from "../draw/colours.js";
import { History } from "../draw/history.js";
import { lineKey } from "../draw/legend.js";
import { views } from "../strings/views.js";

const WORDS = views.curves;
const SUBJECTS = { loss: ["train", "test", "objective"], score: ["train_score", "test_score"], rate: ["rate"] };
const MOST_ROWS = 400;

/** @param {App} app */
export function create(app) {
  const curves = new Curves(app);
  return {
    element: curves.element,
    title: WORDS.title,
    wanted: () => ({ curves: { run: curves.history.run, known: curves.history.rows } }),
    frame: (frame) => curves.take(frame),
    changed: (reply) => curves.changed(reply),
  };
}

class Curves {
  constructor(app) {
    Object.assign(this, { app, history: new History(), axes: new Axes(), cursor: null, now: null });
    const height = (width) => Math.max(170, Math.min(260, width * 0.5));
    this.picture = new Picture({ label: WORDS.title, draw: () => this.draw(), height, name: "curves" });
    this.build();
    this.cursorKeys();
  }

  build() {
    const again = () => this.renew();
    const chooser = (choices) =>
      el(
        "select",
        { id: fresh("curve"), on: { change: again } },
        Object.entries(choices).map(([value, text]) => el("option", { value, text })),
      );
    this.subject = chooser(WORDS.subjects);
    this.across = chooser(WORDS.across);
    this.logY = el("input", { type: "checkbox", on: { change: again } });
    this.logX = el("input", { type: "checkbox", on: { change: again } });
    this.legend = el("div", { class: "legend" });
    this.readout = el("p", { class: "readout", text: WORDS.hint });
    this.picture.caption.append(this.readout);
    const flags = el(
      "div",
      { class: "view-flags" },
      el("label", { class: "view-flag" }, WORDS.subject, this.subject),
      el("label", { class: "view-flag" }, this.logY, WORDS.logY),
      el("label", { class: "view-flag" }, this.logX, WORDS.logX),
      el("label", { class: "view-flag" }, WORDS.over, this.across),
    );
    this.table = scrolling(WORDS.table);
    this.rowsAsText = folded(WORDS.table, () => this.#fill(), this.table);
    this.element = el(
      "div",
      { class: "view" },
      el("h3", { class: "view-title", text: WORDS.title }),
      this.legend,
      this.picture.element,
      flags,
      this.rowsAsText,
    );
  }

  cursorKeys() {
    const { canvas } = this.picture;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "slider");
    canvas.setAttribute("aria-valuemin", "0");
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    canvas.addEventListener("pointerdown", (event) => this.#point(event));
    canvas.addEventListener("pointerleave", () => document.activeElement !== canvas && this.#to(null));
    canvas.addEventListener("focus", () => this.#to(this.cursor ?? this.history.rows - 1));
    canvas.addEventListener("blur", () => this.#to(null));
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  changed(reply) {
    if (reply.changed.includes("curves")) this.cursor = null;
    if (reply.changed.includes("data")) this.legendFor = "";
  }

  renew() {
    this.legendFor = "";
    this.#legend();
    this.picture.redraw();
    this.#fill();
  }

  take(frame) {
    this.history.take(frame);
    const { metrics, status } = frame.header;
    this.now = metrics
      ? {
          epoch: status.epoch,
          seconds: status.seconds,
          train: metrics.train_loss,
          test: metrics.test_loss,
          objective: metrics.objective,
          train_score: metrics.train_score,
          test_score: metrics.test_score,
          rate: metrics.rate,
        }
      : null;
    this.scoreName = metrics?.score ?? this.scoreName;
    this.#legend();
    this.draw();
    if (metrics) this.#describe(status.epoch);
  }

  get names() {
    return SUBJECTS[this.subject.value];
  }

  #describe(epoch) {
    const parts = this.names.map((name) => `${WORDS.names[name]} ${short(this.now?.[name])}`);
    this.picture.describe(fill(WORDS.spoken, { epoch, values: parts.join(", "), rows: this.history.rows }));
    if (this.cursor === null) {
      this.picture.canvas.setAttribute("aria-valuemax", String(Math.max(0, this.history.rows - 1)));
      this.picture.canvas.setAttribute("aria-valuenow", String(Math.max(0, this.history.rows - 1)));
    }
  }

  #legend() {
    const signature = `${this.subject.value} ${scheme().name} ${this.scoreName}`;
    if (signature === this.legendFor) return;
    this.legendFor = signature;
    this.subject.options[1].textContent = this.scoreName === "R2" ? WORDS.r2 : WORDS.subjects.score;
    this.legend.replaceChildren(...this.names.map((name, at) => lineKey(scheme().curves[at], DASHES[at], WORDS.names[name])));
  }

  /** Number of a row; after the last row the newest frame's. */
  #value(row, name) {
    return row < this.history.rows ? this.history.at(row, name) : (this.now?.[name] ?? NaN);
  }

  get #count() {
    return this.history.rows + (this.now ? 1 : 0);
  }

  #ranges() {
    let [low, high] = [Infinity, -Infinity];
    const logY = this.logY.checked;
    for (const name of this.names) {
      for (let row = 0; row < this.#count; row += 1) {
        const value = this.#value(row, name);
        if (!Number.isFinite(value) || (logY && value <= 0)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    if (low > high) [low, high] = logY ? [0.1, 1] : [0, 1];
    if (logY) return [low / 1.3, high * 1.3];
    // A loss is measured from zero on; scores up to one.
    if (this.subject.value === "score") return [Math.max(-1, Math.min(0, low)), 1.02];
    return [Math.min(0, low), high * 1.06 || 1];
  }

  draw() {
    const { picture, axes } = this;
    if (picture.width === 0) return;
    const context = picture.context;
    const across = this.across.value;
    Object.assign(axes, { logX: this.logX.checked, logY: this.logY.checked, titleX: WORDS.across[across] });
    axes.titleY = this.subject.value === "score" && this.scoreName === "R2" ? WORDS.r2 : WORDS.axis[this.subject.value];
    const last = Math.max(across === "epoch" ? 10 : 0.01, this.#value(this.#count - 1, across) || 0);
    const first = axes.logX ? (across === "epoch" ? 1 : Math.min(last / 10, 0.001)) : 0;
    axes.within(0, 0, picture.width, picture.height).ranges(first, last, ...this.#ranges());
    picture.clear();
    axes.draw(context);
    axes.clipped(context, () => this.names.forEach((name, at) => this.#line(context, name, at, across, first)));
    this.#cursorLine(context, across);
  }

  #line(context, name, at, across, first) {
    context.beginPath();
    let open = false;
    for (let row = 0; row < this.#count; row += 1) {
      const [x, y] = [this.#value(row, across), this.#value(row, name)];
      const seen = Number.isFinite(y) && (!this.axes.logY || y > 0) && x >= first;
      if (seen) context[open ? "lineTo" : "moveTo"](this.axes.x(x), this.axes.y(y));
      open = seen;
    }
    Object.assign(context, { lineWidth: at === 0 ? 2.4 : 2, strokeStyle: scheme().curves[at], lineJoin: "round" });
    context.setLineDash(DASHES[at]);
    context.stroke();
    context.setLineDash([]);
  }

  #cursorLine(context, across) {
    if (this.cursor === null || this.cursor >= this.#count) return;
    const x = this.axes.x(this.#value(this.cursor, across));
    Object.assign(context, { lineWidth: 1.5, strokeStyle: scheme().mark });
    context.beginPath();
    context.moveTo(x, this.axes.top);
    context.lineTo(x, this.axes.bottom);
    context.stroke();
    this.names.forEach((name, at) => {
      const value = this.#value(this.cursor, name);
      if (!Number.isFinite(value)) return;
      context.beginPath();
      context.arc(x, this.axes.y(value), 4, 0, 2 * Math.PI);
      context.fillStyle = scheme().curves[at];
      context.fill();
    });
  }

  #point(event) {
    const [x] = this.picture.place(event);
    const wanted = this.axes.backX(x);
    const across = this.across.value;
    let best = null;
    for (let row = 0; row < this.#count; row += 1) {
      if (best === null || Math.abs(this.#value(row, across) - wanted) < Math.abs(this.#value(best, across) - wanted)) best = row;
    }
    this.#to(best);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.#count - 1;
    const at = this.cursor ?? last;
    const to = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      PageUp: at + 10,
      PageDown: at - 10,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#to(Math.max(0, Math.min(last, to)));
  }

  #to(row) {
    this.cursor = row !== null && row >= 0 ? row : null;
    if (this.cursor === null) this.readout.textContent = WORDS.hint;
    else {
      const parts = this.names.map((name) => `${WORDS.names[name]} ${short(this.#value(this.cursor, name), 4)}`);
      const epoch = short(this.#value(this.cursor, "epoch"), 7);
      this.readout.textContent = fill(WORDS.at, {
        epoch,
        values: parts.join(", "),
        rate: short(this.#value(this.cursor, "rate")),
      });
      this.picture.canvas.setAttribute("aria-valuemax", String(this.#count - 1));
      this.picture.canvas.setAttribute("aria-valuenow", String(this.cursor));
      this.picture.canvas.setAttribute("aria-valuetext", this.readout.textContent);
    }
    this.picture.redraw();
  }

  #fill() {
    if (!this.rowsAsText.open) return;
    const { columns, rows } = this.history;
    const first = Math.max(0, rows - MOST_ROWS);
    const cells = (row) => columns.map((name) => short(this.history.at(row, name), 4));
    const newestFirst = Array.from({ length: rows - first }, (_, at) => cells(rows - 1 - at));
    this.table.replaceChildren(numberTable(columns.map((name) => WORDS.names[name] ?? name), newestFirst));
  }
}
