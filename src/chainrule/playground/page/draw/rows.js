/** The rows of the data as they are drawn: asked for once when the data or the view change, shared by all pictures. */

const known = new WeakMap();

/** The rows of an app's session. */
export function rowsOf(app) {
  if (!known.has(app)) known.set(app, new Rows(app));
  return known.get(app);
}

class Rows {
  constructor(app) {
    Object.assign(this, { app, frame: null, turn: 0, listeners: new Set() });
    app.on("changed", (reply) => {
      if (reply.changed.includes("data") || reply.changed.includes("view")) this.#load();
    });
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
      if (turn !== this.turn) return;
      this.frame = frame;
      this.listeners.forEach((work) => work());
    } catch (error) {
      this.app.fail(error);
    }
  }
}
