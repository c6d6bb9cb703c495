/** The maps of units, small: the faces of the diagram's nodes. */

import { Grid } from "./canvas.js";
import { classPixels, pixels, scheme } from "./colours.js";

/** Units' maps of the newest frame, painted one at a time. */
export class Faces {
  constructor() {
    Object.assign(this, { grid: new Grid(), units: null, places: new Map() });
  }

  /** Take a frame's maps. */
  take(frame) {
    const { units } = frame.arrays;
    if (!units) return;
    this.units = units;
    const told = frame.header.units;
    if (told.length !== this.told?.length || frame.header.status.run !== this.run) {
      this.places = new Map(told.map(([layer, unit], at) => [layer * 4096 + unit, at]));
      this.run = frame.header.status.run;
    }
    this.told = told;
  }

  /**
   * Draw a unit's face into a rectangle.
   * @param {Object|null} look for outputs: {kind: "pair"} or {classes, place}, so that they have the colours of the map
   */
  draw(context, layer, unit, x, y, width, height, look = null) {
    const place = this.places.get(layer * 4096 + unit);
    if (place === undefined || place >= this.units.shape[0]) return;
    const [, rows, columns] = this.units.shape;
    const [, , low, high] = this.told[place];
    if (rows === 1) return this.#line(context, place, x, y, width, height);
    const { table, from, factor } = colouring(low, high, look);
    const words = this.grid.words(columns, rows);
    const start = place * rows * columns;
    for (let row = 0; row < rows; row += 1) {
      const to = (rows - 1 - row) * columns;
      for (let column = 0; column < columns; column += 1) {
        const at = from + factor * this.units[start + row * columns + column];
        words[to + column] = table[at > 0 ? (at < 255 ? at | 0 : 255) : 0];
      }
    }
    context.drawImage(this.grid.commit(), x, y, width, height);
  }

  // One input: the unit's function as a line, with zero as a thin one.
  #line(context, place, x, y, width, height) {
    const columns = this.units.shape[2];
    const [, , low, high] = this.told[place];
    const [least, most] = [Math.min(0, low ?? 0), Math.max(0, high ?? 0)];
    const up = (value) => y + height - 3 - ((value - least) / (most - least || 1)) * (height - 6);
    context.strokeStyle = scheme().line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, up(0));
    context.lineTo(x + width, up(0));
    context.stroke();
    context.strokeStyle = scheme().plus;
    context.lineWidth = 1.8;
    context.beginPath();
    for (let column = 0; column < columns; column += 1) {
      const value = low + ((high - low) * this.units[place * columns + column]) / 255;
      context[column ? "lineTo" : "moveTo"](x + ((column + 0.5) / columns) * width, up(value));
    }
    context.stroke();
  }
}

const found = { table: null, from: 0, factor: 0 };

// A byte b stands for low + (high - low) * b / 255; its colour is number from + factor * b of the table.
function colouring(low, high, look) {
  const [least, most] = [low ?? 0, high ?? 0];
  if (look) {
    found.table = look.classes ? classPixels(look.classes).subarray(look.place * 256, look.place * 256 + 256) : pixels(look.kind);
    found.from = 255 * least;
    found.factor = most - least;
  } else {
    const reach = Math.max(Math.abs(least), Math.abs(most)) || 1;
    found.table = pixels("signed");
    found.from = 127.5 + (127.5 * least) / reach;
    found.factor = (0.5 * (most - least)) / reach;
  }
  return found;
}
