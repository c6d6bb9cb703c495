/** Points: a shape for each class, drawn once and stamped as often as needed. */

import { classColour, classShape, scheme } from "./colours.js";

let stamps = new Map();
let drawnFor = null;

/** Add a shape around (x, y) to the path; `size` is about its radius. */
export function outline(context, shape, x, y, size) {
  const star = { triangle: [3, -Math.PI / 2], square: [4, Math.PI / 4], diamond: [4, 0], down: [3, Math.PI / 2] }[shape];
  if (shape === "circle") context.arc(x, y, size * 0.95, 0, 2 * Math.PI);
  else if (star) corners(context, x, y, star[0], () => size * 1.2, star[1]);
  else if (shape === "star") corners(context, x, y, 10, (at) => size * (at % 2 ? 0.6 : 1.35), -Math.PI / 2);
  else bars(context, x, y, size, shape === "cross" ? Math.PI / 4 : 0);
}

function corners(context, x, y, count, radius, turned) {
  for (let at = 0; at < count; at += 1) {
    const angle = turned + (2 * Math.PI * at) / count;
    context[at ? "lineTo" : "moveTo"](x + radius(at) * Math.cos(angle), y + radius(at) * Math.sin(angle));
  }
  context.closePath();
}

// A cross of two bars, as one outline.
function bars(context, x, y, size, turned) {
  const long = size * 1.2;
  const wide = size * 0.45;
  const places = [
    [long, -wide],
    [long, wide],
    [wide, wide],
    [wide, long],
    [-wide, long],
    [-wide, wide],
    [-long, wide],
    [-long, -wide],
    [-wide, -wide],
    [-wide, -long],
    [wide, -long],
    [wide, -wide],
  ];
  places.forEach(([right, down], at) => {
    const placeX = x + right * Math.cos(turned) - down * Math.sin(turned);
    const placeY = y + right * Math.sin(turned) + down * Math.cos(turned);
    context[at ? "lineTo" : "moveTo"](placeX, placeY);
  });
  context.closePath();
}

/**
 * Stamp a point.
 * @param {CanvasRenderingContext2D} context
 * @param {Object} look
 * @param {string} look.shape
 * @param {string} look.colour
 * @param {boolean} [look.open] only the rim is coloured: a test point
 * @param {number} [look.size]
 * @param {number} scale device pixels in a CSS pixel
 */
export function stamp(context, { shape, colour, open = false, size = 4 }, x, y, scale) {
  if (drawnFor !== scheme()) {
    stamps = new Map();
    drawnFor = scheme();
  }
  const grown = size * Math.max(1, scheme().rem / 16);
  const key = `${shape} ${colour} ${open} ${size} ${scale}`;
  let found = stamps.get(key);
  if (!found) {
    found = made(shape, colour, open, grown, scale);
    stamps.set(key, found);
  }
  const side = found.width / scale;
  context.drawImage(found, x - side / 2, y - side / 2, side, side);
}

/** How a class's points look. */
export function classLook(place, open = false, size = 4) {
  return { shape: classShape(place), colour: classColour(place), open, size };
}

/**
 * Stamp rows of the data: open ones are test rows.
 * @param {CanvasRenderingContext2D} context
 * @param {{y: TypedArray, train: Uint8Array}} rows
 * @param {Object} given
 * @param {(row: number) => number[]} given.at its place in CSS pixels
 * @param {((value: number) => string)|null} given.colour of a number to predict; null where y is the place of a class
 * @param {number} given.size
 * @param {number} given.scale device pixels in a CSS pixel
 * @param {number} [given.stride] only every so many rows
 * @param {boolean} [given.part] only training rows (true) or only test rows (false)
 */
export function stampRows(context, { y, train }, { at, colour, size, scale, stride = 1, part = null }) {
  for (let row = 0; row < y.length; row += stride) {
    const open = !train[row];
    if (part === open) continue;
    const look = colour ? { shape: "circle", colour: colour(y[row]), open, size } : classLook(y[row], open, size);
    stamp(context, look, ...at(row), scale);
  }
}

function made(shape, colour, open, size, scale) {
  const side = Math.ceil((2.8 * size + 6) * scale);
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  const { ink, paper, dark } = scheme();
  context.scale(scale, scale);
  context.lineJoin = "round";
  context.beginPath();
  outline(context, shape, side / scale / 2, side / scale / 2, size);
  // Filled points have a rim of the ink's colour; open ones, of the test rows, a coloured rim within it.
  context.lineWidth = open ? 3 : 1.8;
  context.strokeStyle = dark ? "#000000" : ink;
  context.stroke();
  context.fillStyle = open ? paper : colour;
  context.fill();
  context.lineWidth = open ? 1.6 : 0.5;
  context.strokeStyle = open ? colour : dark ? paper : ink;
  context.stroke();
  return canvas;
}
