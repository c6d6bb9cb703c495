/** Changes of the setup, one at a time: a slider that is dragged must not queue up hundreds of them. */

export class Changes {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.next = null;
    this.busy = null;
  }

  /** Send the changes, together with others that come before the last ones are done. Kept when all of them are. */
  put(changes) {
    this.next = { ...this.next, ...changes };
    this.busy ??= this.#send().finally(() => {
      this.busy = null;
    });
    return this.busy;
  }

  async #send() {
    while (this.next) {
      const changes = this.next;
      this.next = null;
      try {
        await this.app.do("change", { changes });
      } catch (error) {
        // The server names no field when only one was changed: it is that one.
        this.app.fail(Object.assign(error, { field: error.field ?? Object.keys(changes)[0] }));
      }
    }
  }
}
