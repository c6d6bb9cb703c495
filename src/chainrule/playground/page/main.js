/**
 * The page is put together here: the line to the server, the store, the panels, and the way frames take.
 */

import { Changes } from "./changes.js";
import { BACKLOG } from "./draw/history.js";
import { buildFrame, loadPanels } from "./frame.js";
import { calm, el, fill, later, speaker, visible } from "./dom.js";
import { openOn } from "./opening.js";
import { Address, Events, State, difference, readAddress } from "./state.js";
import { strings } from "./strings.js";
import { Lost, Refusal, Transport } from "./transport.js";

const FRAMES = 60;
const CALM_FRAMES = 2;

/**
 * What every panel gets.
 * @typedef {Object} App
 * @property {(action: string, args?: Object) => Promise<Object>} do ask the server; rejects with a Refusal
 * @property {(action: string, args?: Object) => Promise<Object|null>} act the same, but a refusal is shown where it belongs and gives null
 * @property {(changes: Object) => Promise<void>} change fields of the setup, by path; never rejects
 * @property {State} state
 * @property {(name: string, handler: (detail: any) => void) => (() => void)} on
 * @property {(name: string, detail?: any) => void} emit
 * @property {(what: Object, row?: number) => void} explain open the explanation of a number, such as {kind: "metric", name: "test_loss"}
 * @property {(row: number|null) => Promise<boolean>} freeze keep a row as the one that explanations are about; null keeps none
 * @property {() => void} watch collect again what the visible panels want
 * @property {Object} strings
 * @property {(text: string) => void} say to screen readers, politely
 * @property {(error: Error) => void} fail show an error where it belongs
 */

class Page {
  constructor() {
    this.state = new State();
    this.events = new Events();
    this.strings = strings;
    this.page = readAddress(location);
    this.panels = [];
    /** The panels that can be seen; asked of the browser only when something may have changed it. */
    this.shown = [];
    this.asked = { wanted: {}, run: -1 };
    this.changes = new Changes(this);
    this.pending = null;
    this.transport = new Transport({
      live: (frame) => this.#arrived(frame),
      event: (message) => this.#event(message),
      back: () => this.#reopen(),
      lost: (again) => this.emit("lost", { again }),
    });
    this.watch = later(() => this.#watch(), 0);
    this.remember = later(() => this.#remember(), 250);
  }

  on(name, handler) {
    return this.events.on(name, handler);
  }

  emit(name, detail) {
    this.events.emit(name, detail);
  }

  /** Ask the server; a reply of an action changes the store and reaches every panel before the promise is kept. */
  async do(action, given = {}) {
    const answer = await this.transport.ask(action, given);
    if (answer?.status && answer.changed) await this.#took(answer, action);
    return answer;
  }

  async act(action, given = {}) {
    try {
      return await this.do(action, given);
    } catch (error) {
      this.fail(error);
      return null;
    }
  }

  /** Send a file as new data (or as a model). */
  async upload(name, raw) {
    const answer = await this.transport.upload(name, raw, this.state.pending?.changes ?? null);
    this.state.pending = null;
    this.state.file = { name, raw, digest: answer.data.digest };
    await this.#took(answer, "upload");
    return answer;
  }

  /** Change fields of the setup; what comes while a change is under way goes with the next. */
  change(changes) {
    return this.changes.put(changes);
  }

  explain(what, row = null) {
    this.emit("select", { what, row });
    this.emit("show-view", "explain");
  }

  async freeze(row) {
    if (!(await this.act("freeze", { row }))) return false;
    this.state.frozen = row;
    this.emit("frozen", row);
    return true;
  }

  fail(error) {
    if (error instanceof Lost) return;
    if (!("kind" in error)) console.error(error);
    this.emit("failed", { text: error.message, field: error.field ?? null });
  }

  /** Begin another session in this page: a link, a file, a preset. */
  async open(given) {
    const { opened, reply, pending } = await openOn(this.transport, given, this.state.file);
    this.state.playing = false;
    this.state.pending = pending;
    this.#opened(opened);
    if (reply) await this.#took(reply, "upload");
    if (pending) this.emit("notes", { notes: [{ level: "warning", text: fill(this.strings.data.needs, pending) }], beside: false });
  }

  async start() {
    buildFrame(this);
    this.say = speaker(document.querySelector("#spoken"));
    this.address = new Address(this.page, (setup) => this.#undo(setup), (given) => this.open(given).catch((error) => this.fail(error)));
    document.addEventListener("visibilitychange", () => this.#visibility());
    matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", this.watch);
    addEventListener("resize", later(() => this.watch(), 150));
    this.panels = await loadPanels(this);
    await this.transport.connect().then(() => this.#reopen(), () => {});
  }

  /** Every line begins as one that is seen: it has to be told where the page lies in the background. */
  #visibility() {
    this.transport.tell("hidden", { hidden: document.hidden });
  }

  async #reopen() {
    this.#visibility();
    try {
      await this.open(this.state.setup ?? this.page.given);
      this.emit("found");
    } catch (error) {
      this.fail(error);
      if (!this.state.setup) await this.open(null).catch((again) => this.fail(again));
    }
  }

  #opened(opened) {
    this.state.opened(opened);
    this.emit("opened");
    const { setup, status, data, network, notes } = opened.describe;
    const reply = { setup, status, data, network, notes, changed: ["setup", "data", "network", "weights", "curves", "view"] };
    this.#tell(reply, false);
    document.body.dataset.ready = "true";
  }

  async #took(reply, action) {
    this.state.take(reply);
    if (action === "play") this.state.playing = true;
    if (action === "pause") this.state.playing = false;
    if (reply.changed.includes("data")) {
      this.state.options = await this.transport.ask("options", {});
    }
    this.#tell(reply);
  }

  #tell(reply, beside = true) {
    for (const panel of this.panels) guard(panel, () => panel.changed?.(reply));
    this.emit("changed", reply);
    this.emit("notes", { notes: reply.notes ?? [], beside });
    this.watch();
    if (reply.changed.includes("setup")) this.remember();
  }

  #event({ event, reply, error }) {
    if (error) return this.fail(new Refusal(error));
    if (event === "stopped") this.state.playing = false;
    this.state.take(reply);
    this.#tell(reply);
  }

  async #remember() {
    try {
      const hash = await this.transport.ask("hash", {});
      this.address.write(typeof hash === "string" ? hash : hash.hash, this.state.setup, true);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
    }
  }

  #undo(setup) {
    const changes = difference(this.state.setup, setup);
    if (Object.keys(changes).length) this.change(changes);
  }

  /** Newest wins: a frame that was not drawn yet is dropped for the next. */
  #arrived(frame) {
    this.state.playing = frame.header.playing;
    const due = this.pending === null;
    this.pending = frame;
    if (due) requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    const frame = this.pending;
    this.pending = null;
    this.show(frame);
    this.transport.tell("drawn");
  }

  show(frame) {
    this.state.see(frame);
    for (const panel of this.shown) guard(panel, () => panel.frame?.(frame));
    this.emit("frame", frame);
    const { curves, status } = frame.header;
    const known = this.asked.wanted.curves?.known ?? 0;
    if (status.run !== this.asked.run || (curves && curves.rows - known > BACKLOG)) this.watch();
  }

  #wanted() {
    const wanted = { metrics: true };
    for (const panel of this.shown) guard(panel, () => merge(wanted, panel.wanted?.() ?? {}));
    return wanted;
  }

  #watch() {
    if (!this.state.describe) return;
    this.shown = this.panels.filter((panel) => visible(panel.element));
    const wanted = this.#wanted();
    this.asked = { wanted, run: this.state.status.run };
    this.transport.tell("watch", { wanted, fps: calm() ? CALM_FRAMES : FRAMES });
  }
}

function merge(wanted, more) {
  for (const [name, value] of Object.entries(more)) {
    const old = wanted[name];
    if (!value) continue;
    // Whoever knows least decides from where on rows and weights are sent.
    if (old && value.known !== undefined) wanted[name] = { ...value, known: Math.min(old.known, value.known) };
    else wanted[name] = old && typeof old === "object" ? { ...old, ...value } : value;
  }
}

function guard(panel, work) {
  try {
    return work();
  } catch (error) {
    console.error(`in the panel "${panel.name}"`, error);
    return null;
  }
}

/** What is left of the page when it cannot even start. */
function broken(error) {
  console.error(error);
  document.querySelector("main").prepend(el("p", { role: "alert", class: "notice error", text: `${strings.broken} ${error.message}` }));
}

new Page().start().catch(broken);
