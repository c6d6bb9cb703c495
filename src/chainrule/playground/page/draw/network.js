/** The network as nodes and edges: where they are, and how they are drawn. Column 0 holds the inputs, column l + 1 layer l. */

import { short } from "../dom.js";
import { font, haloed } from "./canvas.js";
import { scheme } from "./colours.js";

// An edge of at least this size has the full width.
const FULL = 4;
const LEVELS = 10;
const WIDEST = 7;
export const NEGATIVE = [6, 4];
const HEAD = 2.6;
const LEAST_GAP = 54;

/** Places of the nodes. */
export class Layout {
  /** @param {number[]} widths units of each column, the inputs first */
  constructor(widths) {
    this.widths = widths;
    this.most = Math.max(...widths);
    this.side = this.most <= 6 ? 44 : this.most <= 9 ? 36 : 27;
    this.gap = this.most <= 6 ? 16 : this.most <= 9 ? 10 : 6;
  }

  get narrowest() {
    return this.widths.length * (this.side + LEAST_GAP) + this.margin * 2 - LEAST_GAP;
  }

  height() {
    return HEAD * scheme().rem + this.most * (this.side + this.gap) + 10;
  }

  /** Take the width there is. */
  within(width) {
    const { margin } = this;
    this.left = margin;
    this.stride = this.widths.length > 1 ? (width - 2 * margin - this.side) / (this.widths.length - 1) : 0;
    return this;
  }

  /** Left edge of a column. */
  x(column) {
    return this.left + column * this.stride;
  }

  /** Upper edge of a node. */
  y(column, unit) {
    const spare = (this.most - this.widths[column]) * (this.side + this.gap);
    return HEAD * scheme().rem + spare / 2 + unit * (this.side + this.gap);
  }

  /** The edge nearest to a place: {column, unit, source} with the column it leads to, or null beyond `reach`. */
  edgeAt(x, y, reach) {
    for (let column = 1; column < this.widths.length; column += 1) {
      const [from, to] = [this.x(column - 1) + this.side, this.x(column)];
      if (x <= from || x >= to) continue;
      const share = along((x - from) / (to - from));
      let [best, least] = [null, reach];
      for (let source = 0; source < this.widths[column - 1]; source += 1) {
        for (let unit = 0; unit < this.widths[column]; unit += 1) {
          const [start, end] = [this.y(column - 1, source), this.y(column, unit)];
          const far = Math.abs(start + share * (end - start) + this.side / 2 - y);
          if (far < least) [best, least] = [{ column, unit, source }, far];
        }
      }
      return best;
    }
    return null;
  }

  /** Room for names at both sides. */
  get margin() {
    return 5.2 * scheme().rem;
  }
}

// Share of the height that the curve of an edge has reached at a share of its width.
function along(share) {
  let [low, high] = [0, 1];
  for (let turn = 0; turn < 24; turn += 1) {
    const t = (low + high) / 2;
    if (1.5 * t * (1 - t) ** 2 + 1.5 * t * t * (1 - t) + t ** 3 < share) low = t;
    else high = t;
  }
  return low * low * (3 - 2 * low);
}

/** One edge into the present path. */
export function edge(context, layout, column, unit, source) {
  const fromX = layout.x(column - 1) + layout.side;
  const toX = layout.x(column);
  const fromY = layout.y(column - 1, source) + layout.side / 2;
  const toY = layout.y(column, unit) + layout.side / 2;
  const middle = (fromX + toX) / 2;
  context.moveTo(fromX, fromY);
  context.bezierCurveTo(middle, fromY, middle, toY, toX, toY);
}

let levels = new Uint8Array(0);

/**
 * All edges of a layer: positive ones solid, negative ones dashed, the thicker the larger.
 * @param {Float32Array} weights (sources, units)
 * @param {{column: number, unit: number}|null} looked only this node's edges are in full colour
 */
export function edges(context, layout, column, weights, looked) {
  const [sources, units] = [layout.widths[column - 1], layout.widths[column]];
  const size = sources * units;
  if (levels.length < size) levels = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) levels[at] = Math.min(LEVELS - 1, Math.floor((Math.abs(weights[at]) / FULL) * LEVELS));
  for (const positive of [false, true]) {
    context.setLineDash(positive ? [] : NEGATIVE);
    context.strokeStyle = positive ? scheme().plus : scheme().minus;
    for (let level = 0; level < LEVELS; level += 1) {
      context.lineWidth = 0.8 + ((WIDEST - 0.8) * level) / (LEVELS - 1);
      for (const near of [false, true]) batch(context, layout, column, weights, { positive, level, near, looked });
    }
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function batch(context, layout, column, weights, { positive, level, near, looked }) {
  const units = layout.widths[column];
  let some = false;
  context.beginPath();
  for (let source = 0; source < layout.widths[column - 1]; source += 1) {
    for (let unit = 0; unit < units; unit += 1) {
      const at = source * units + unit;
      if (levels[at] !== level || weights[at] > 0 !== positive) continue;
      if (touches(looked, column, unit, source) !== near) continue;
      edge(context, layout, column, unit, source);
      some = true;
    }
  }
  context.globalAlpha = !looked || near ? 0.55 + (0.45 * level) / LEVELS : 0.2;
  if (some) context.stroke();
}

function touches(looked, column, unit, source) {
  if (!looked) return false;
  if (looked.source !== undefined) return looked.column === column && looked.unit === unit && looked.source === source;
  return (looked.column === column && looked.unit === unit) || (looked.column === column - 1 && looked.unit === source);
}

/** The numbers of a node's incoming weights, beside their ends. */
export function numbers(context, layout, column, unit, weights) {
  const sources = layout.widths[column - 1];
  if (sources > 12) return;
  font(context, 0.72, "bold");
  // Many numbers stand where the edges are still apart: beside the units they come from.
  const apart = sources > 5;
  context.textAlign = apart ? "left" : "center";
  context.textBaseline = "middle";
  for (let source = 0; source < sources; source += 1) {
    const share = apart ? 0 : 0.25;
    const t = apart ? 0 : 0.31;
    const fromX = layout.x(column - 1) + layout.side;
    const fromY = layout.y(column - 1, source) + layout.side / 2;
    const toY = layout.y(column, unit) + layout.side / 2;
    const y = fromY + (toY - fromY) * t * t * (3 - 2 * t);
    const value = weights[source * layout.widths[column] + unit];
    haloed(
      context,
      short(value, 2),
      fromX + (apart ? 4 : 0) + share * (layout.x(column) - fromX),
      y,
      value > 0 ? scheme().plus : scheme().minus,
    );
  }
}

/** The bias of a unit as a small square at its corner: filled if positive, empty if negative, the larger the bias. */
export function bias(context, x, y, value) {
  const side = 5 + 5 * Math.min(1, Math.abs(value) / 2);
  context.lineWidth = 2;
  context.fillStyle = value > 0 ? scheme().plus : scheme().halo;
  context.strokeStyle = value > 0 ? scheme().plus : scheme().minus;
  context.fillRect(x - side / 2, y - side / 2, side, side);
  context.strokeRect(x - side / 2, y - side / 2, side, side);
}
