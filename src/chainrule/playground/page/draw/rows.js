/** The rows of the data as they are drawn: asked for once when the data or the view change, shared by all pictures. */

const known = new WeakMap();

/** The rows of an app's session. */
export function rowsOf(app) {
  if (!known.has(app)) known.set(app, new Rows(app));
  return known.get(app);
}

class Rows {
  constructor(app) {
    Object.assign(this, { app, frame: null, draft: null, painted: false, turn: 0, loaded: 0, listeners: new Set() });
    app.on("changed", (reply) => {
      if (reply.changed.includes("data") || reply.changed.includes("view")) this.#load();
    });
    app.on("draft", (points) => this.#drafted(points));
  }

  /** Rows as a person sees them, with points that are painted but not yet learnt from: X, y, train; null before there are any. */
  get shown() {
    return this.draft ?? this.frame?.arrays ?? null;
  }

  /** Call `work` whenever the rows are new. */
  onNew(work) {
    this.listeners.add(work);
  }

  get count() {
    return this.frame?.arrays.y.length ?? 0;
  }

  async #load() {
    this.turn += 1;
    const turn = this.turn;
    try {
      const frame = await this.app.do("points");
      if (turn === this.turn) this.frame = frame;
    } catch (error) {
      this.app.fail(error);
    }
    if (turn !== this.turn) return;
    this.loaded = turn;
    if (!this.painted) this.draft = null;
    this.#tell();
  }

  #tell() {
    this.listeners.forEach((work) => work());
  }

  // A draft stays until the rows that were made of it are here.
  #drafted(points) {
    this.painted = Boolean(points);
    if (points) this.draft = this.#rowsOf(points);
    else if (this.loaded === this.turn) this.draft = null;
    this.#tell();
  }

  #rowsOf(points) {
    const { task, classes } = this.app.state.data;
    const place = (label) => {
      const at = classes.findIndex((name) => Number(name) === label);
      return at < 0 ? classes.length : at;
    };
    return {
      X: Float32Array.from(points.flatMap(([x, y]) => [x, y])),
      y: Float32Array.from(points, (point) => (task === "classification" ? place(point[2]) : point[point.length - 1])),
      train: new Uint8Array(points.length).fill(1),
    };
  }
}
