/** Painted points: a tool for the map, and a table that does the same by keyboard. */

import { button, el, fill, fresh, later, short } from "./dom.js";

/** Rows of the table; more are painted on the map. */
const MOST_ROWS = 100;
/** The eraser's reach, as a share of the map's width. */
const REACH = 0.03;
const FEWEST = 2;

export class Points {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.words = app.strings.data;
    /** What is to be drawn; null as long as the session's own points are. */
    this.draft = null;
    this.send = later(() => this.#send(), 150);
    this.element = el("div", { class: "points", data: { part: "points", field: "data.points" } });
    app.on("opened", () => this.#build());
    app.on("place", (place) => this.place(place));
    app.on("changed", ({ changed }) => changed.includes("data") && app.state.setup.data.source !== "points" && this.#leave());
  }

  #build() {
    const { words, app } = this;
    this.#drafted(null);
    const name = fresh("tool");
    const tools = [["", words.select], ["paint", words.paint], ["erase", words.erase]].map(([tool, text]) => {
      const input = el("input", { type: "radio", name, value: tool, checked: (app.state.tool ?? "") === tool });
      input.addEventListener("change", () => this.take(tool || null));
      return el("label", {}, input, el("span", { text }));
    });
    this.label = el("input", { type: "number", value: 0, step: "any", class: "number", id: fresh("label") });
    this.labelText = el("label", { for: this.label.id });
    this.count = el("p", { class: "about" });
    this.body = el("tbody");
    this.table = el("details", { class: "more" }, el("summary", { text: words.pointsTable }), this.#tableOf());
    this.table.addEventListener("toggle", () => this.#rows());
    this.element.replaceChildren(
      el("p", { class: "about", text: words.paintLead }),
      el("fieldset", { class: "segments" }, el("legend", { class: "unseen", text: words.tool }), ...tools),
      el("div", { class: "control-head" }, this.labelText, this.label),
      this.count, button(words.clear, () => this.#put([])), this.table,
    );
  }

  #tableOf() {
    const { words } = this;
    const fields = ["x1", "x2", "y"].map((name) => el("input", { type: "number", step: "any", "aria-label": name, class: "number" }));
    const add = button(words.add, () => this.#add(fields));
    this.head = el("tr", {}, ...["x1", "x2", "y"].map((name) => el("th", { scope: "col", text: name })), el("td"));
    this.newRow = el("tr", {}, ...fields.map((field) => el("td", {}, field)), el("td", {}, add));
    this.more = el("p", { class: "about" });
    return el("div", {}, el("table", {}, el("thead", {}, this.head), this.body, el("tfoot", {}, this.newRow)), this.more);
  }

  take(tool) {
    this.app.state.tool = tool;
    document.body.dataset.tool = tool ?? "";
    this.app.emit("tool", tool);
  }

  show() {
    const { data, setup } = this.app.state;
    if (!this.label) return;
    const classes = data.task === "classification";
    this.labelText.textContent = classes ? this.words.label : this.words.value;
    this.label.parentElement.hidden = data.dimension === 1;
    const painted = this.draft ?? (setup.data.source === "points" ? setup.data.points : null);
    this.count.textContent = painted ? (painted.length >= FEWEST ? fill(this.words.painted, { n: painted.length }) : this.words.tooFew) : "";
    const flat = data.dimension === 1;
    for (const row of [this.head, this.newRow]) row.children[1].hidden = flat;
    if (this.table.open) this.#rows();
  }

  /** The session's points as a list, whatever made them. */
  async points() {
    const { setup, data } = this.app.state;
    if (this.draft) return this.draft;
    if (setup.data.source === "points") return setup.data.points;
    const { arrays } = await this.app.do("points");
    const flat = data.dimension === 1;
    return Array.from(arrays.y, (label, at) => {
      const [x, y] = [round(arrays.X[2 * at]), round(arrays.X[2 * at + 1])];
      return flat ? [x, y] : [x, y, classNumber(data, label)];
    }).slice(0, this.app.state.options.limits.points);
  }

  /** Go on with the points that are there, as painted ones. */
  async begin() {
    this.#leave();
    if (this.app.state.data.dimension > 2) await this.app.change({ "data.source": "toy", "data.name": "circle", "data.task": null });
    const points = await this.points();
    await this.app.change({ "data.source": "points", "data.points": points, "data.task": this.app.state.data.task });
  }

  /** A click of the map: a new point, or those within reach go. */
  async place({ x, y, erase }) {
    const points = await this.points();
    const flat = this.app.state.data.dimension === 1;
    if (erase) return this.#put(points.filter((point) => !this.#near(point, x, y)));
    const label = Number(this.label.value) || 0;
    return this.#put([...points, flat ? [round(x), round(y)] : [round(x), round(y), label]]);
  }

  #near(point, x, y) {
    const [left, right, bottom, top] = this.app.state.data.limits;
    return Math.hypot((point[0] - x) / (right - left), (point[1] - y) / (top - bottom)) < REACH;
  }

  #put(points) {
    const most = this.app.state.options.limits.points;
    if (points.length > most) return this.app.emit("failed", { text: fill(this.words.tooMany, { n: most }), field: "data.points" });
    this.#drafted(points);
    this.show();
    return this.send();
  }

  // Too few points were never sent; whoever turns to other data has given them up.
  #leave() {
    if (this.draft && this.draft.length < FEWEST) this.#drafted(null);
  }

  #drafted(points) {
    this.draft = points;
    this.app.emit("draft", points);
  }

  async #send() {
    const points = this.draft;
    if (!points || points.length < FEWEST) return;
    const { source, task } = this.app.state.data;
    const kept = source === "points" ? {} : { "data.source": "points", "data.task": task };
    await this.app.change({ ...kept, "data.points": points });
    if (this.draft === points) this.#drafted(null);
    this.show();
  }

  async #add(fields) {
    const flat = this.app.state.data.dimension === 1;
    const used = flat ? [fields[0], fields[2]] : fields;
    const point = used.map((field) => field.valueAsNumber);
    if (point.some(Number.isNaN)) return this.app.emit("failed", { text: this.words.numbers, field: "data.points" });
    this.#put([...(await this.points()), point]);
    for (const field of fields) field.value = "";
    return fields[0].focus();
  }

  async #rows() {
    const points = await this.points();
    const shown = points.slice(0, MOST_ROWS);
    this.body.replaceChildren(...shown.map((point, at) => {
      const remove = button("", () => this.#put(points.filter((_, other) => other !== at)), {
        icon: "cross", class: "plain small", "aria-label": fill(this.words.remove, { n: at + 1 }),
      });
      return el("tr", {}, ...point.map((value) => el("td", { text: short(value, 4) })), el("td", {}, remove));
    }));
    this.more.textContent = shown.length < points.length ? fill(this.words.shown, { n: shown.length, all: points.length }) : "";
  }
}

function round(value) {
  return Number(value.toPrecision(6));
}

/** Classes that are called by numbers keep them; others are counted. */
function classNumber({ task, classes }, label) {
  if (task !== "classification") return label;
  const named = Number(classes[label]);
  return Number.isFinite(named) ? named : label;
}
