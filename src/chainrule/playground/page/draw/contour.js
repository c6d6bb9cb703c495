/** Lines of equal height through a grid of numbers: marching squares with linear interpolation. */

import { scheme } from "./colours.js";

// Pieces of line: x, y, x, y in units of cells.
let pieces = new Float32Array(4096);

/**
 * Find the line where the numbers cross a level.
 * @param {Float32Array} values row by row
 * @param {number} columns
 * @param {number} rows
 * @param {number} level
 * @param {number} [start] where the grid begins in `values`
 * @returns {{count: number, pieces: Float32Array}} the same array at every call: draw before the next
 */
export function crossing(values, columns, rows, level, start = 0) {
  let count = 0;
  const room = 8 * (columns - 1) * (rows - 1);
  if (pieces.length < room) pieces = new Float32Array(room);
  const put = (fromX, fromY, toX, toY) => {
    const at = 4 * count;
    pieces[at] = fromX;
    pieces[at + 1] = fromY;
    pieces[at + 2] = toX;
    pieces[at + 3] = toY;
    count += 1;
  };
  for (let row = 0; row < rows - 1; row += 1) {
    for (let column = 0; column < columns - 1; column += 1) {
      const at = start + row * columns + column;
      cell(
        values[at] - level,
        values[at + 1] - level,
        values[at + columns + 1] - level,
        values[at + columns] - level,
        column,
        row,
        put,
      );
    }
  }
  return { count, pieces };
}

// Corners a b (below, left to right) and d c (above).
function cell(a, b, c, d, x, y, put) {
  const kind = (a > 0 ? 1 : 0) | (b > 0 ? 2 : 0) | (c > 0 ? 4 : 0) | (d > 0 ? 8 : 0);
  if (kind === 0 || kind === 15 || !Number.isFinite(a + b + c + d)) return;
  const below = x + a / (a - b);
  const right = y + b / (b - c);
  const above = x + d / (d - c);
  const left = y + a / (a - d);
  const same = kind > 7 ? 15 - kind : kind;
  if (same === 1) put(below, y, x, left);
  else if (same === 2) put(below, y, x + 1, right);
  else if (same === 3) put(x, left, x + 1, right);
  else if (same === 4) put(x + 1, right, above, y + 1);
  else if (same === 6) put(below, y, above, y + 1);
  else if (same === 7) put(x, left, above, y + 1);
  else saddle(a, b, c, d, x, y, { below, right, above, left }, put);
}

// Two lines cross the cell; the middle decides which corners belong together.
function saddle(a, b, c, d, x, y, { below, right, above, left }, put) {
  if (a > 0 === a + b + c + d > 0) {
    put(below, y, x + 1, right);
    put(x, left, above, y + 1);
  } else {
    put(below, y, x, left);
    put(x + 1, right, above, y + 1);
  }
}

/**
 * Add a found line to the canvas's path.
 * @param {CanvasRenderingContext2D} context
 * @param {{count: number, pieces: Float32Array}} line
 * @param {(x: number) => number} x place of a column
 * @param {(y: number) => number} y place of a row
 */
export function path(context, { count, pieces: found }, x, y) {
  context.beginPath();
  for (let at = 0; at < 4 * count; at += 4) {
    context.moveTo(x(found[at]), y(found[at + 1]));
    context.lineTo(x(found[at + 2]), y(found[at + 3]));
  }
}

/**
 * As `path`, but with pieces that meet joined into long lines, so that dashes go on from piece to piece. For what is drawn once.
 */
export function joinedPath(context, { count, pieces: found }, x, y) {
  const key = (at) => `${found[at].toFixed(3)} ${found[at + 1].toFixed(3)}`;
  const ends = new Map();
  for (let at = 0; at < 4 * count; at += 2) ends.set(key(at), [...(ends.get(key(at)) ?? []), at]);
  const left = new Set(Array.from({ length: count }, (_, piece) => 4 * piece));
  // From an end of a piece through all that follow; the other end of `at` is two numbers further or back.
  const follow = (at, draw) => {
    for (let here = at; here !== undefined;) {
      left.delete(here - (here % 4));
      const there = here % 4 ? here - 2 : here + 2;
      draw(there);
      here = ends.get(key(there)).find((one) => left.has(one - (one % 4)));
    }
  };
  context.beginPath();
  while (left.size) {
    const [start] = left;
    const back = [];
    left.delete(start);
    const before = ends.get(key(start)).find((one) => left.has(one - (one % 4)));
    if (before !== undefined) follow(before, (at) => back.unshift(at));
    const places = [...back, start];
    follow(start, (at) => places.push(at));
    places.forEach((at, step) => context[step ? "lineTo" : "moveTo"](x(found[at]), y(found[at + 1])));
  }
}

/** Stroke the present path in dark with a light rim (light with a dark one on a dark page). */
export function haloLine(context, width = 2, dashes = []) {
  const { ink, halo } = scheme();
  context.lineCap = "round";
  context.lineJoin = "round";
  context.setLineDash([]);
  context.lineWidth = width + 3;
  context.strokeStyle = halo;
  context.stroke();
  context.setLineDash(dashes);
  context.lineWidth = width;
  context.strokeStyle = ink;
  context.stroke();
  context.setLineDash([]);
}
