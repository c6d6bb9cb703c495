/** Axes with ticks, grid and titles; from numbers to places and back. */

import { short } from "../dom.js";
import { font } from "./canvas.js";
import { scheme } from "./colours.js";

/**
 * Round numbers within a range.
 * @param {number} low
 * @param {number} high
 * @param {number} most about how many
 * @returns {number[]}
 */
export function ticks(low, high, most = 6) {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + 1e-9 * span; at += 1)
    found.push(Number((at * step).toPrecision(12)));
  return found;
}

// Powers of ten within a range, or one, two and five times them where few fit.
function logTicks(low, high, most = 6) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const stride = Math.max(1, Math.ceil((last - first) / most));
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const found = [];
  for (let power = first; power <= last; power += stride) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low * 0.999 && value <= high * 1.001) found.push(value);
    }
  }
  return found;
}

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// On logarithmic axes powers of ten far from one are written as such.
function tickText(value, logarithmic) {
  const power = Math.round(Math.log10(Math.abs(value)));
  if (!logarithmic || value <= 0 || Math.abs(power) < 4 || Math.abs(value / 10 ** power - 1) > 1e-9)
    return short(value).replace(/\.?0+e/, "e");
  return `10${power < 0 ? "⁻" : ""}${[...String(Math.abs(power))].map((digit) => RAISED[digit]).join("")}`;
}

/** A rectangle of the canvas in the units of the data. */
export class Axes {
  /**
   * @param {Object} [given]
   * @param {string} [given.x] title below
   * @param {string} [given.y] title at the left
   * @param {boolean} [given.grid] lines at the ticks
   */
  constructor({ x = "", y = "", grid = true } = {}) {
    Object.assign(this, { titleX: x, titleY: y, grid, logX: false, logY: false, low: [0, 0], high: [1, 1] });
  }

  /** Height at which the rectangle within is as high as it is wide. */
  squareHeight(width) {
    const { rem } = scheme();
    return width + rem * ((this.titleX ? 2.5 : 1.4) + 0.6 - (this.titleY ? 3.9 : 2.7) - 0.8);
  }

  /** Take a rectangle of CSS pixels, less the room of the numbers and titles. */
  within(left, top, width, height) {
    const rem = scheme().rem;
    this.left = left + rem * (this.titleY ? 3.9 : 2.7);
    this.top = top + rem * 0.6;
    this.right = left + width - rem * 0.8;
    this.bottom = top + height - rem * (this.titleX ? 2.5 : 1.4);
    return this;
  }

  /** Take ranges of the data. */
  ranges(lowX, highX, lowY, highY) {
    this.low = [lowX, lowY];
    this.high = [highX > lowX ? highX : lowX + 1, highY > lowY ? highY : lowY + 1];
    return this;
  }

  /** Place of a number; for logarithmic axes of its logarithm. */
  x(value) {
    return this.left + share(value, this.low[0], this.high[0], this.logX) * (this.right - this.left);
  }

  y(value) {
    return this.bottom - share(value, this.low[1], this.high[1], this.logY) * (this.bottom - this.top);
  }

  /** The number at a place. */
  backX(place) {
    return back((place - this.left) / (this.right - this.left), this.low[0], this.high[0], this.logX);
  }

  backY(place) {
    return back((this.bottom - place) / (this.bottom - this.top), this.low[1], this.high[1], this.logY);
  }

  /** Whether a place lies within. */
  holds(x, y) {
    return x >= this.left && x <= this.right && y >= this.top && y <= this.bottom;
  }

  /** Restrict drawing to the rectangle while `work` runs. */
  clipped(context, work) {
    context.save();
    context.beginPath();
    context.rect(this.left, this.top, this.right - this.left, this.bottom - this.top);
    context.clip();
    work();
    context.restore();
  }

  /** Grid, ticks, numbers and titles. */
  draw(context) {
    const { ink, line } = scheme();
    const size = font(context, 0.72);
    context.lineWidth = 1;
    context.fillStyle = ink;
    context.strokeStyle = line;
    this.#below(context, size);
    this.#beside(context, size);
    context.strokeStyle = scheme().soft;
    context.strokeRect(this.left, this.top, this.right - this.left, this.bottom - this.top);
  }

  #below(context, size) {
    context.textAlign = "center";
    context.textBaseline = "top";
    const most = Math.max(2, Math.floor((this.right - this.left) / (size * 3.6)));
    for (const value of (this.logX ? logTicks : ticks)(this.low[0], this.high[0], most)) {
      const at = Math.round(this.x(value)) + 0.5;
      if (this.grid) stroke(context, at, this.top, at, this.bottom);
      stroke(context, at, this.bottom, at, this.bottom + 4);
      context.fillText(tickText(value, this.logX), at, this.bottom + 6);
    }
    context.fillText(this.titleX, (this.left + this.right) / 2, this.bottom + 8 + size);
  }

  #beside(context, size) {
    context.textAlign = "right";
    context.textBaseline = "middle";
    const most = Math.max(2, Math.floor((this.bottom - this.top) / (size * 2.6)));
    for (const value of (this.logY ? logTicks : ticks)(this.low[1], this.high[1], most)) {
      const at = Math.round(this.y(value)) + 0.5;
      if (this.grid) stroke(context, this.left, at, this.right, at);
      stroke(context, this.left - 4, at, this.left, at);
      context.fillText(tickText(value, this.logY), this.left - 6, at);
    }
    if (!this.titleY) return;
    context.save();
    context.translate(this.left - size * 3.9, (this.top + this.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(this.titleY, 0, 0);
    context.restore();
  }
}

function share(value, low, high, logarithmic) {
  if (!logarithmic) return (value - low) / (high - low);
  return Math.log(Math.max(value, low * 1e-3) / low) / Math.log(high / low);
}

function back(part, low, high, logarithmic) {
  return logarithmic ? low * (high / low) ** part : low + part * (high - low);
}

function stroke(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
