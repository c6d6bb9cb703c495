/** The rows of the curves as they come in, and what happened to them since. */

/** Rows that the server sends again and again before it is told that they are here. */
export const BACKLOG = 64;

/** Columns of numbers that grow. */
export class History {
  constructor() {
    this.reset();
  }

  reset() {
    Object.assign(this, { run: -1, rows: 0, columns: [], values: new Float64Array(0) });
  }

  /** Take a frame's curves; another run begins anew. */
  take(frame) {
    const told = frame.header.curves;
    if (!told || !frame.arrays.curves) return;
    const { run } = frame.header.status;
    if (run !== this.run || this.columns.length !== told.columns.length)
      Object.assign(this, { run, rows: 0, columns: told.columns });
    const wide = told.columns.length;
    const sent = frame.arrays.curves.length / wide;
    const end = told.first + sent;
    // Rows are missing if an earlier frame was never drawn: the next frame brings them, as `rows` says what is known.
    if (told.first > this.rows) return;
    if (this.values.length < end * wide) this.#grow(end * wide);
    this.values.set(frame.arrays.curves, told.first * wide);
    this.rows = Math.max(end, told.rows ?? end);
  }

  /** A number by row and name of the column. */
  at(row, name) {
    return this.values[row * this.columns.length + this.columns.indexOf(name)];
  }

  #grow(least) {
    const values = new Float64Array(Math.max(2048, least * 2));
    values.set(this.values);
    this.values = values;
  }
}
