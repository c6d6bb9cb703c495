/** Pointer and keys on a picture of the rows: read it, choose a row, paint and erase points. */

import { el, fill } from "../dom.js";
import { classLook, outline, stamp } from "../draw/markers.js";
import { scheme } from "../draw/colours.js";
// CSS pixels within which a click means a point.
const NEAR = 12;
const STEPS = 40;

/** The hand on a picture of the rows. */
export class Hand {
  /**
   * @param {Object} view has `app`, `picture`, `axes`, `rows`; `limits` ([left, right, bottom, top] of the data, null before anything
   *   is drawn) and `tell(x, y)`, a place's numbers in words
   * @param {{hint: string, role: string, chosen: string}} words
   */
  constructor(view, words) {
    Object.assign(this, { view, words, app: view.app, cursor: null, pinned: false, painting: false });
    this.readout = el("p", { class: "readout", text: words.hint });
    view.picture.caption.append(this.readout);
    const { canvas } = view.picture;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-roledescription", words.role);
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", () => (this.painting = false));
    canvas.addEventListener("pointercancel", () => (this.painting = false));
    canvas.addEventListener("pointerleave", () => this.#leave());
    canvas.addEventListener("contextmenu", (event) => this.app.state.tool && event.preventDefault());
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.#focus());
    canvas.addEventListener("blur", () => view.picture.redraw());
    this.app.on("tool", () => canvas.classList.toggle("painting", Boolean(this.app.state.tool)));
    this.app.on("frozen", () => view.picture.redraw());
    // Whoever paints goes on where the last point was placed.
    this.app.on("changed", (reply) => reply.changed.includes("data") && !this.app.state.tool && this.#to(null));
  }

  #data(event) {
    const [x, y] = this.view.picture.place(event);
    const { axes } = this.view;
    return this.view.limits && axes.holds(x, y) ? [axes.backX(x), axes.backY(y)] : null;
  }

  #down(event) {
    const place = this.#data(event);
    if (!place) return;
    if (this.app.state.tool) {
      this.painting = true;
      this.view.picture.canvas.setPointerCapture(event.pointerId);
      this.#place(place, event.button === 2 || event.shiftKey);
    } else {
      this.pinned = true;
      this.#to(place);
      this.choose();
    }
  }

  #move(event) {
    const place = this.#data(event);
    if (this.painting && place) {
      const [x, y] = this.view.picture.place(event);
      if (Math.hypot(x - this.last[0], y - this.last[1]) > NEAR) this.#place(place, event.shiftKey || event.buttons === 2);
    } else if (!this.pinned && place) this.#to(place);
  }

  #leave() {
    if (!this.pinned && document.activeElement !== this.view.picture.canvas) this.#to(null);
    this.pinned = false;
  }

  #focus() {
    if (!this.cursor && this.view.limits) {
      const [left, right, bottom, top] = this.view.limits;
      this.#to([(left + right) / 2, (bottom + top) / 2]);
    }
    this.view.picture.redraw();
  }

  #place([x, y], erase) {
    this.last = [this.view.axes.x(x), this.view.axes.y(y)];
    this.app.emit("place", { x, y, erase: erase || this.app.state.tool === "erase" });
  }

  #to(place) {
    this.cursor = place;
    this.readout.textContent = place ? this.view.tell(...place) : this.words.hint;
    this.view.picture.redraw();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.view.limits) return;
    const [left, right, bottom, top] = this.view.limits;
    const reach = event.shiftKey ? 5 : 1;
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (move) {
      const [x, y] = this.cursor ?? [(left + right) / 2, (bottom + top) / 2];
      const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
      this.#to([
        clamp(x + (move[0] * reach * (right - left)) / STEPS, left, right),
        clamp(y + (move[1] * reach * (top - bottom)) / STEPS, bottom, top),
      ]);
      this.app.say(this.readout.textContent);
    } else if (event.key === "Enter" && this.cursor) {
      if (this.app.state.tool) this.#place(this.cursor, event.shiftKey);
      else this.choose();
    } else if ((event.key === "Delete" || event.key === "Backspace") && this.cursor) {
      this.#place(this.cursor, true);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Take the row nearest to the cursor as the one that explanations are about. */
  async choose() {
    const row = this.#nearest();
    if (row === null) return;
    const { row: numbers } = this.view.rows.frame.arrays;
    if (!(await this.app.freeze(numbers[row]))) return;
    this.app.explain({ kind: "loss" }, numbers[row]);
    this.readout.textContent = fill(this.words.chosen, { row: numbers[row], where: this.view.tell(...this.cursor) });
    this.app.say(this.readout.textContent);
  }

  #nearest() {
    const { frame } = this.view.rows;
    const { axes } = this.view;
    if (!frame || !this.cursor) return null;
    const { X, y } = frame.arrays;
    const [atX, atY] = [axes.x(this.cursor[0]), axes.y(this.cursor[1])];
    let [best, least] = [null, NEAR * NEAR];
    for (let row = 0; row < y.length; row += 1) {
      const far = (axes.x(X[2 * row]) - atX) ** 2 + (axes.y(X[2 * row + 1]) - atY) ** 2;
      if (far < least) [best, least] = [row, far];
    }
    return best;
  }

  /** Cross at the cursor, ring around the chosen row. */
  draw(context) {
    const { axes, picture } = this.view;
    this.#ring(context);
    if (!this.cursor || (!this.pinned && document.activeElement !== picture.canvas)) return;
    const [x, y] = [axes.x(this.cursor[0]), axes.y(this.cursor[1])];
    for (const [width, colour] of [
      [4, scheme().halo],
      [1.5, scheme().ink],
    ]) {
      context.beginPath();
      for (const [fromX, fromY, toX, toY] of [
        [x - 14, y, x - 4, y],
        [x + 4, y, x + 14, y],
        [x, y - 14, x, y - 4],
        [x, y + 4, x, y + 14],
      ]) {
        context.moveTo(fromX, fromY);
        context.lineTo(toX, toY);
      }
      Object.assign(context, { lineWidth: width, strokeStyle: colour });
      context.stroke();
    }
  }

  #ring(context) {
    const { frame } = this.view.rows;
    const { axes, picture } = this.view;
    if (!frame || this.app.state.frozen === null) return;
    const { X, y, train, row: numbers } = frame.arrays;
    const at = numbers.indexOf(this.app.state.frozen);
    if (at < 0) return;
    const [x, up] = [axes.x(X[2 * at]), axes.y(X[2 * at + 1])];
    if (this.app.state.data.classes.length) stamp(context, classLook(y[at], !train[at], 5), x, up, picture.scale);
    for (const [width, colour] of [
      [5, scheme().halo],
      [2.5, scheme().mark],
    ]) {
      context.beginPath();
      outline(context, "circle", x, up, 10);
      Object.assign(context, { lineWidth: width, strokeStyle: colour });
      context.stroke();
    }
  }
}
