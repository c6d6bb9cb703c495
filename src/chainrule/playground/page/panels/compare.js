/** Two to four runs side by side: the same data and seeds, one setting changed; their curves in one picture. */

import { button, count, el, fill, fresh, later, scrolling, short } from "../dom.js";
import { Axes } from "../draw/axes.js";
import { Picture } from "../draw/canvas.js";
import { DASHES, onScheme, scheme } from "../draw/colours.js";
import { lineKey } from "../draw/legend.js";
import { Racer } from "../race.js";
import { difference } from "../state.js";
import { term } from "../tips.js";

const NAMES = ["A", "B", "C", "D"];
const SEEDS = ["network.seed", "training.seed"];

export function create(app) {
  const compare = new Compare(app);
  return { element: compare.element, title: app.strings.compare.title };
}

class Compare {
  constructor(app) {
    Object.assign(this, { app, words: app.strings.compare, racers: [], cards: new Map(), axes: new Axes() });
    const { words } = this;
    this.add = button(words.add, () => this.append(), { icon: "plus" });
    this.hint = el("p", { class: "about", text: words.first, role: "status" });
    this.epochs = el("input", { type: "number", min: 1, step: 1, value: 500, id: fresh("epochs") });
    this.play = button(words.start, () => this.toggle(), { class: "primary", icon: "play" });
    this.again = button(words.reset, () => this.reset(), { icon: "reset" });
    this.loss = el("select", { "aria-label": words.curve }, ...["test", "train"].map((name) => el("option", { value: name, text: words.loss[name] })));
    this.log = el("input", { type: "checkbox" });
    for (const input of [this.loss, this.log]) input.addEventListener("change", () => this.draw());
    this.runs = el("div", { class: "race-runs" });
    this.picture = new Picture({ label: words.curve, draw: () => this.draw(), height: (width) => Math.max(180, Math.min(280, width * 0.35)) });
    this.legend = el("div", { class: "pair" });
    this.body = el("tbody");
    this.redraw = later(() => this.draw(), 60);
    onScheme(() => {
      this.racers.forEach((racer) => racer.redraw());
      this.#key();
    });
    this.element = this.#whole();
    this.show();
  }

  #whole() {
    const { words } = this;
    const head = el("tr", {}, ...[words.which, words.epoch, words.loss.train, words.loss.test, words.score, words.differs].map((text) => el("th", { scope: "col", text })));
    this.scoreHead = head.children[4];
    this.results = el("div", { class: "race", hidden: true },
      el("div", { class: "pair" }, this.play, this.again, el("label", { for: this.epochs.id, text: words.until }), this.epochs),
      this.runs,
      el("div", {}, el("div", { class: "pair" }, this.loss, el("label", { class: "check" }, this.log, el("span", { text: words.logarithmic })), this.legend),
        this.picture.element),
      scrolling(words.table, el("table", {}, el("thead", {}, head), this.body)));
    const title = el("h2", { id: fresh("compare"), text: words.title });
    return el("section", { class: "card", "aria-labelledby": title.id }, title, el("p", { class: "about", text: words.lead }),
      el("div", { class: "pair" }, this.add), this.hint, this.results);
  }

  /** The present settings as another run, on the first run's data and seeds. */
  async append() {
    const { app, racers } = this;
    const setup = structuredClone(app.state.setup);
    if (racers.length) Object.assign(setup, { data: racers[0].setup.data });
    for (const field of racers.length ? SEEDS : []) {
      const [part, key] = field.split(".");
      setup[part][key] = racers[0].setup[part][key];
    }
    if (racers.some((one) => !one.differs({ setup }).length)) {
      this.hint.textContent = `${this.words.first} (${this.words.same})`;
      return;
    }
    const name = NAMES.find((letter) => !racers.some((one) => one.name === letter));
    const racer = new Racer(name, setup, (one) => this.seen(one));
    try {
      await racer.begin(app.state.file);
      racers.push(racer);
      this.show();
    } catch (error) {
      racer.close();
      app.fail(error);
    }
  }

  remove(racer) {
    racer.close();
    this.racers = this.racers.filter((one) => one !== racer);
    this.cards.delete(racer.name);
    this.show();
    this.add.focus();
  }

  take(racer) {
    const changes = difference(this.app.state.setup, racer.setup);
    delete changes["run.until.epochs"];
    this.app.change(changes);
  }

  get playing() {
    return this.racers.some(({ playing }) => playing);
  }

  async toggle() {
    const epochs = Math.max(1, Math.round(Number(this.epochs.value)) || 500);
    const playing = this.playing;
    await this.#all((racer) => (playing ? racer.pause() : racer.play(epochs)));
  }

  reset() {
    return this.#all((racer) => racer.reset());
  }

  async #all(work) {
    try {
      await Promise.all(this.racers.map(work));
    } catch (error) {
      this.app.fail(error);
    }
    this.face();
  }

  show() {
    const { racers, words } = this;
    this.results.hidden = racers.length === 0;
    this.add.disabled = racers.length >= NAMES.length;
    this.hint.textContent = racers.length === 0 ? words.first : racers.length === 1 ? words.need : racers.length >= NAMES.length ? words.full : "";
    for (const racer of racers) if (!this.cards.has(racer.name)) this.cards.set(racer.name, this.#card(racer));
    this.runs.replaceChildren(...racers.map(({ name }) => this.cards.get(name)));
    this.body.replaceChildren(...racers.map((racer) => (racer.row = this.#row(racer))));
    this.#key();
    this.face();
    this.draw();
  }

  #key() {
    const { curves } = scheme();
    this.legend.replaceChildren(...this.racers.map((racer, at) => lineKey(curves[at], DASHES[at], fill(this.words.run, racer))));
  }

  #card(racer) {
    const { words } = this;
    racer.canvas.setAttribute("aria-label", fill(words.run, racer));
    return el("article", { class: "race-run" }, el("h3", { text: fill(words.run, racer) }), racer.dimension > 1 ? racer.canvas : null,
      el("ul", {}, ...this.#differences(racer).map((text) => el("li", { text }))),
      el("div", { class: "pair" },
        button(fill(words.take, racer), () => this.take(racer)),
        button("", () => this.remove(racer), { icon: "cross", class: "plain", "aria-label": fill(words.remove, racer) })));
  }

  #differences(racer) {
    if (racer === this.racers[0]) return [];
    return racer.differs(this.racers[0]).map(([field, value]) => `${term(this.app, field.split(".").at(-1), field)}: ${told(value)}`);
  }

  #row(racer) {
    const cells = Array.from({ length: 4 }, () => el("td"));
    racer.cells = cells;
    const differs = el("td", { text: this.#differences(racer).join("; ") || "–" });
    return el("tr", {}, el("th", { scope: "row", text: fill(this.words.run, racer) }), ...cells, differs);
  }

  seen(racer) {
    const { status, metrics, cells } = racer;
    if (!cells || !metrics) return;
    const values = [count(status.epoch), short(metrics?.train_loss), short(metrics?.test_loss), short(metrics?.test_score)];
    cells.forEach((cell, at) => (cell.textContent = values[at]));
    this.scoreHead.textContent = this.app.strings.run.score[metrics?.score] ?? this.words.score;
    this.face();
    this.redraw();
  }

  face() {
    this.play.querySelector(".face").textContent = this.playing ? this.words.pause : this.words.start;
    this.play.disabled = this.racers.length < 2;
  }

  draw() {
    const { picture, axes, racers } = this;
    if (!picture.width) return;
    const name = this.loss.value;
    const lines = racers.map(({ history }) => Array.from({ length: history.rows }, (_, row) => [history.at(row, "epoch"), history.at(row, name)]));
    const values = lines.flat().filter(([, value]) => Number.isFinite(value) && (!this.log.checked || value > 0));
    const losses = values.map(([, value]) => value);
    Object.assign(axes, { titleX: this.words.axis, titleY: this.words.loss[name], logY: this.log.checked });
    axes.within(0, 0, picture.width, picture.height);
    const low = this.log.checked ? Math.min(...losses) : 0;
    if (losses.length) axes.ranges(0, Math.max(1, ...values.map(([epoch]) => epoch)), low, Math.max(...losses) * 1.02);
    picture.clear();
    axes.draw(picture.context);
    axes.clipped(picture.context, () => lines.forEach((line, at) => this.#line(line, at)));
    picture.describe(racers.map((one) => `${fill(this.words.run, one)}: ${short(one.metrics?.test_loss)}`).join(", "));
  }

  #line(line, at) {
    const { context } = this.picture;
    const seen = line.filter(([, value]) => Number.isFinite(value));
    if (!seen.length) return;
    context.beginPath();
    seen.forEach(([epoch, value], place) => context[place ? "lineTo" : "moveTo"](this.axes.x(epoch), this.axes.y(value)));
    Object.assign(context, { strokeStyle: scheme().curves[at], lineWidth: 2 });
    context.setLineDash(DASHES[at]);
    context.stroke();
    context.setLineDash([]);
  }
}

function told(value) {
  if (Array.isArray(value)) return value.map((one) => (one?.units ? `${one.units} ${one.activation}` : told(one))).join(", ") || "–";
  if (value && typeof value === "object") return value.name ?? JSON.stringify(value);
  return typeof value === "number" ? short(value, 4) : String(value);
}
