/** Any number of the page, explained: formula, the formula with the numbers in it, value, and the chain of its gradient. */

import { button, copied, el, fill, fresh, later, short } from "../dom.js";
import { networkOf } from "../draw/weights.js";
import { views } from "../strings/views.js";
import { WeightEditor } from "./edit.js";
import { called, number, shapeText, stepBox, unitOf, whatIs } from "./steps.js";

const WORDS = views.explain;
const PARTS = ["forward", "backward", "update"];

/** @param {App} app */
export function create(app) {
  const explain = new Explain(app);
  return {
    element: explain.element,
    title: WORDS.title,
    wanted: () => networkOf(app).wanted,
    frame: (frame) => explain.see(frame),
    changed: (reply) => explain.changed(reply),
  };
}

class Explain {
  constructor(app) {
    Object.assign(this, { app, network: networkOf(app), what: null, row: null, found: null, past: [], turn: 0, shownAt: null });
    this.build();
    this.refresh = later(() => this.ask(), 120);
    app.on("select", ({ what, row }) => this.open(what, row));
    app.on("frozen", (row) => this.#pinned(row));
  }

  build() {
    this.heading = el("h3", { class: "view-title", tabIndex: -1, text: WORDS.nothing });
    this.sentence = el("p", { class: "step-text" });
    this.back = button(WORDS.back, () => this.goBack(), { class: "plain", disabled: true });
    this.again = button(WORDS.again, () => this.ask(), { class: "plain", hidden: true });
    this.rowField = el("input", {
      type: "number",
      min: 0,
      step: 1,
      id: fresh("row"),
      class: "short",
      on: { change: () => this.#row() },
    });
    this.pin = el("input", { type: "checkbox", on: { change: () => this.#pin() } });
    this.point = el("span", { class: "view-note" });
    this.about = el(
      "div",
      { class: "view-flags" },
      el("label", { class: "view-flag" }, WORDS.row, this.rowField),
      el("label", { class: "view-flag" }, this.pin, WORDS.pin),
      this.point,
    );
    this.start = el(
      "div",
      { class: "view-flags" },
      WORDS.starts.map(({ text, what }) => button(text, () => this.open(what), { class: "plain", data: { explains: "" } })),
    );
    this.editor = new WeightEditor(this.app);
    this.body = el("div", { class: "steps", tabIndex: 0, role: "region", "aria-label": WORDS.body });
    this.copy = button(WORDS.copyLatex, () => this.#copy(), { class: "plain", hidden: true });
    this.said = el("p", { class: "view-note", role: "status" });
    // Where the browser lets no page copy, the reader copies from here.
    this.latex = el("textarea", { readOnly: true, rows: 4, hidden: true, "aria-label": WORDS.copyLatex });
    this.element = el(
      "div",
      { class: "view explain" },
      el("div", { class: "view-flags" }, this.back, this.again, this.copy),
      this.said,
      this.latex,
      this.heading,
      this.sentence,
      this.about,
      el("p", { class: "view-note", text: WORDS.lead }),
      this.start,
      this.editor.element,
      this.body,
    );
  }

  /** Explain another number. */
  async open(what, row) {
    if (this.what) this.past.push({ what: this.what, row: this.row });
    if (row !== undefined && row !== null) this.row = row;
    this.what = what;
    if (await this.ask()) this.app.say(this.heading.textContent);
  }

  async goBack() {
    const last = this.past.pop();
    if (!last) return;
    Object.assign(this, last);
    await this.ask();
    this.heading.focus();
  }

  /** Ask again for what is shown. */
  async ask() {
    if (!this.what) return false;
    this.turn += 1;
    const turn = this.turn;
    try {
      const found = await this.app.do("explain", { what: this.what, ...(this.row === null ? {} : { row: this.row }) });
      if (turn !== this.turn) return false;
      this.found = found;
      this.#show();
      return true;
    } catch (error) {
      if (turn === this.turn) return this.#refused(error);
      return false;
    }
  }

  #refused(error) {
    const unit = this.what.kind === "id" ? unitOf(this.what.id) : null;
    if (unit) {
      this.what = unit;
      return this.ask();
    }
    this.found = null;
    this.heading.textContent = WORDS.nothing;
    this.sentence.textContent = error.message;
    this.body.replaceChildren();
    this.back.disabled = this.past.length === 0;
    return false;
  }

  changed(reply) {
    if (reply.changed.includes("data")) this.row = null;
    if (reply.changed.includes("data") || reply.changed.includes("network")) this.editor.close();
    if (this.what && this.element.checkVisibility() && !this.app.state.playing) this.refresh();
  }

  see(frame) {
    this.network.take(frame);
    this.editor.see();
    if (!this.found) return;
    const { step, run } = frame.header.status;
    const old = this.shownAt?.step !== step || this.shownAt?.run !== run;
    this.again.hidden = !(old && this.app.state.playing);
    if (old && !this.app.state.playing) this.refresh();
  }

  #show() {
    const { found } = this;
    const { status } = this.app.state;
    this.shownAt = { step: status.step, run: status.run };
    const held = this.element.contains(document.activeElement) ? document.activeElement.dataset.target : undefined;
    this.heading.textContent = this.#title();
    // The sentence of a number that has steps stands beside its step; one without any is given.
    this.sentence.textContent = PARTS.some((part) => found[part]?.length) ? "" : found.sentence || WORDS.given;
    this.back.disabled = this.past.length === 0;
    this.copy.hidden = false;
    this.said.textContent = "";
    this.latex.hidden = true;
    this.start.hidden = true;
    if (document.activeElement !== this.rowField) this.rowField.value = found.row ?? "";
    this.rowField.max = Math.max(0, this.app.state.data.rows - 1);
    this.pin.checked = this.app.state.frozen !== null && this.app.state.frozen === found.row;
    const point = Object.entries(found.point ?? {})
      .slice(0, 8)
      .map(([name, value]) => `${name} = ${number(value)}`);
    this.about.hidden = found.row === null || found.row === undefined;
    this.point.textContent = fill(WORDS.point, { point: point.join(", "), target: found.target ?? "" });
    this.editor.open(this.what);
    this.#steps();
    if (held) this.element.querySelector(`[data-target="${CSS.escape(held)}"]`)?.focus();
  }

  // What a number is worth, and how the loss changes with it.
  #title() {
    const { found, what } = this;
    const title = what.kind === "id" && found.title === what.id ? called(what.id, this.network) : found.title;
    const gradient = found.backward.findLast((step) => this.#own(step));
    const value = found.value === null && found.shape ? shapeText(found.shape) : number(found.value);
    return gradient && gradient.id !== found.id
      ? `${title} = ${value}, ${gradient.name} = ${number(gradient.value)}`
      : `${title} = ${value}`;
  }

  #steps() {
    this.known = new Map(PARTS.flatMap((part) => (this.found[part] ?? []).map((step) => [step.id, step])));
    this.body.replaceChildren(
      ...PARTS.filter((part) => this.found[part]?.length).map((part) => this.#part(part, this.found[part])),
    );
  }

  // What belongs to the number itself comes first; the way to it can be unfolded.
  #part(part, steps) {
    const own = steps.filter((step) => this.#own(step));
    const rest = steps.filter((step) => !this.#own(step));
    const open = part !== "forward" || own.length === 0;
    const way = rest.length
      ? el(
          "details",
          { class: "way", open },
          el("summary", { text: fill(WORDS.way[part], { n: rest.length }) }),
          this.#list(rest),
        )
      : null;
    return el(
      "section",
      {},
      el("h4", { text: WORDS.parts[part] }),
      el("p", { class: "view-note", text: WORDS.partNotes[part] }),
      own.length ? this.#list(own) : null,
      way,
    );
  }

  #list(steps) {
    const given = {
      known: this.known,
      network: this.network,
      follow: (id) => this.#follow(id),
      over: (step) => this.app.emit("highlight", step),
    };
    return el(
      "ol",
      { class: "chain" },
      steps.map((step) => el("li", {}, this.#name(step), stepBox(step, given))),
    );
  }

  #own(step) {
    if (step.id === this.found.id) return true;
    const { kind, layer, unit, source } = this.what;
    if (step.layer !== layer || step.unit !== unit) return false;
    if (kind === "unit") return step.source === null && !step.of;
    return (kind === "weight" || kind === "bias") && step.of === kind && (kind === "bias" || step.source === source);
  }

  // The name of a step opens that number by itself.
  #name(step) {
    if (step.id === this.found.id) return el("span", { class: "step-label here", text: fill(WORDS.this, { name: step.name }) });
    return button(step.name, () => this.open({ kind: "id", id: step.id }), {
      class: "link step-label",
      data: { target: `name-${step.id}` },
    });
  }

  /** To a step of this chain, or to the explanation of a number that is not in it. */
  #follow(id) {
    const box = document.getElementById(`step-${id}`);
    if (!box || !this.body.contains(box)) return this.open(whatIs(id));
    box.closest("details")?.setAttribute("open", "");
    box.focus();
    box.scrollIntoView({ block: "nearest" });
    return this.app.say(`${this.known.get(id).name} = ${number(this.known.get(id).value)}`);
  }

  #row() {
    const row = Number(this.rowField.value);
    if (!Number.isInteger(row) || row < 0 || row >= this.app.state.data.rows) return;
    this.row = row;
    if (this.pin.checked) this.#pin();
    this.ask();
  }

  async #pin() {
    const row = this.pin.checked ? (this.found?.row ?? this.row) : null;
    if (!(await this.app.freeze(row))) this.pin.checked = !this.pin.checked;
  }

  #pinned(row) {
    this.pin.checked = row !== null;
    if (row !== null) this.row = row;
  }

  async #copy() {
    const lines = PARTS.flatMap((part) =>
      (this.found[part] ?? []).map((step) => step.latex || `${step.name} = ${short(step.value, 6)}`),
    );
    const text = lines.map((line) => `\\[ ${line} \\]`).join("\n");
    const { copied: done, notCopied } = this.app.strings.keep;
    const worked = await copied(text);
    this.said.textContent = worked ? done : notCopied;
    Object.assign(this.latex, { value: text, hidden: worked });
    if (!worked) this.latex.select();
  }
}
