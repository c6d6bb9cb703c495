/** From the numbers of a map to its pixels. */

import { classPixels, css, pixels } from "./colours.js";

/**
 * How the numbers of a map become colours.
 * @typedef {Object} Scale
 * @property {"pair"|"signed"|"sequential"|"classes"} kind
 * @property {number} low number of the first colour
 * @property {number} high number of the last colour
 */

/**
 * The scale of a map.
 * @param {Object} map the frame's `header.map`
 * @param {number} planes how many numbers each place has
 * @returns {Scale}
 */
export function scaleOf(map, planes) {
  if (planes > 1) return { kind: "classes", low: 0, high: 1 };
  if (map.kind === "probability") return { kind: "pair", low: 0, high: 1 };
  const [low, high] = [map.low ?? -1, map.high ?? 1];
  const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
  if (map.kind === "score") return { kind: "pair", low: -reach, high: reach };
  if (map.kind === "unit" || (low < 0 && high > 0)) return { kind: "signed", low: -reach, high: reach };
  return { kind: "sequential", low, high: high > low ? high : low + 1 };
}

/** Which of 256 colours a number has. */
export function level(value, scale) {
  const at = ((value - scale.low) / (scale.high - scale.low)) * 255;
  return at > 0 ? (at < 255 ? at | 0 : 255) : 0;
}

/** The colour of a point by its number: a few shades are enough, and so few shapes need to be drawn. */
export function shade(value, scale) {
  return css(pixels(scale.kind)[level(value, scale) & 0xf8]);
}

/**
 * Paint a map; its first row is the lowest.
 * @param {Grid} grid
 * @param {Float32Array} map (M, rows, columns)
 * @param {Scale} scale
 * @param {number|null} border with it only the sides of the border are shown, in full colour
 */
export function paint(grid, map, scale, border = null) {
  const [planes, rows, columns] = map.shape;
  const words = grid.words(columns, rows);
  if (planes > 1) paintClasses(words, map, planes, rows, columns, border !== null);
  else {
    const table = pixels(scale.kind);
    for (let row = 0; row < rows; row += 1) {
      const to = (rows - 1 - row) * columns;
      const from = row * columns;
      for (let column = 0; column < columns; column += 1) {
        const value = map[from + column];
        words[to + column] = table[border === null ? level(value, scale) : value > border ? 255 : 0];
      }
    }
  }
  return grid.commit();
}

// The colour of the likeliest class, the paler the less likely.
function paintClasses(words, map, planes, rows, columns, hard) {
  const table = classPixels(planes);
  const size = rows * columns;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const from = row * columns + column;
      let best = 0;
      for (let place = 1; place < planes; place += 1) if (map[place * size + from] > map[best * size + from]) best = place;
      const certain = (map[best * size + from] - 1 / planes) / (1 - 1 / planes);
      words[(rows - 1 - row) * columns + column] =
        table[best * 256 + (hard ? 255 : Math.max(0, Math.min(255, (64 + 191 * certain) | 0)))];
    }
  }
}

let lead = new Float32Array(0);

/** By how much one class is ahead of the best of the others, at each place: zero at its border. */
export function ahead(map, place) {
  const [planes, rows, columns] = map.shape;
  const size = rows * columns;
  if (lead.length !== size) lead = new Float32Array(size);
  for (let at = 0; at < size; at += 1) {
    let other = -Infinity;
    for (let one = 0; one < planes; one += 1) if (one !== place && map[one * size + at] > other) other = map[one * size + at];
    lead[at] = map[place * size + at] - other;
  }
  return lead;
}

/** The number of a map at a share of its width and height (from below), for each plane. */
export function at(map, shareX, shareY) {
  const [planes, rows, columns] = map.shape;
  const column = Math.max(0, Math.min(columns - 1, Math.floor(shareX * columns)));
  const row = Math.max(0, Math.min(rows - 1, Math.floor(shareY * rows)));
  return Array.from({ length: planes }, (_, place) => map[(place * rows + row) * columns + column]);
}
