/** The reader's own table: dropped, chosen or pasted; its target, columns and task. */

import { button, count, el, fill } from "./dom.js";
import { control } from "./controls.js";
import { tip } from "./tips.js";

export class Own {
  /** @param {App} app @param {() => void} shown called when a table came in */
  constructor(app, shown) {
    this.app = app;
    this.words = app.strings.data;
    this.shown = shown;
    this.name = null;
    this.element = el("div", { class: "own", data: { field: "data.digest" } }, ...this.#ways());
    this.settings = el("div", { class: "own-settings" });
    this.element.append(this.settings);
    this.#drop();
  }

  #ways() {
    const { words } = this;
    const input = el("input", { type: "file", accept: ".csv,.tsv,.txt,.parquet,.gz,.safetensors", class: "unseen", tabIndex: -1, "aria-hidden": "true" });
    input.addEventListener("change", () => {
      if (input.files[0]) this.read(input.files[0]);
      input.value = "";
    });
    this.area = el("textarea", { rows: 4, "aria-label": words.pasteHere, placeholder: "height,weight,species\n1.2,3.4,a\n…", spellcheck: false });
    const use = button(words.usePasted, () => this.paste());
    const paste = el("details", { class: "more" }, el("summary", { text: words.paste }), el("p", { class: "about", text: words.pasteHere }), this.area, use);
    this.busy = el("p", { class: "about", hidden: true, role: "status" });
    this.needs = el("p", { class: "notice warning", hidden: true });
    return [this.needs, el("p", { class: "about", text: words.drop }), button(words.choose, () => input.click()), input, paste, this.busy];
  }

  #drop() {
    const veil = el("div", { class: "veil", hidden: true }, el("p", { text: this.words.dropNow }));
    document.body.append(veil);
    const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      veil.hidden = false;
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) veil.hidden = true;
    });
    addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      veil.hidden = true;
      const [file] = event.dataTransfer.files;
      if (file?.name.endsWith(".json")) this.app.emit("settings-file", file);
      else if (file) this.read(file);
    });
  }

  paste() {
    const raw = new TextEncoder().encode(this.area.value);
    return this.take("pasted.csv", raw.buffer);
  }

  async read(file) {
    const limit = this.app.state.options.limits.bytes;
    if (file.size > limit) {
      const text = fill(this.words.tooBig, { name: file.name, size: megabytes(file.size), limit: megabytes(limit) });
      return this.app.emit("failed", { text, field: "data.digest" });
    }
    return this.take(file.name, await file.arrayBuffer());
  }

  async take(name, raw) {
    this.shown();
    this.busy.textContent = fill(this.words.reading, { name });
    this.busy.hidden = false;
    try {
      await this.app.upload(name, raw);
      this.app.say(document.querySelector('[data-part="facts"]')?.textContent ?? "");
    } catch (error) {
      this.app.fail(Object.assign(error, { field: error.field ?? "data.digest" }));
    }
    this.busy.hidden = true;
  }

  show() {
    const { data, setup, pending } = this.app.state;
    const table = data.source === "table";
    this.needs.hidden = !pending;
    if (pending) this.needs.textContent = fill(this.words.needs, pending);
    this.settings.hidden = !table;
    if (!table) return;
    const known = JSON.stringify([data.digest, data.target, data.columns.map(({ name }) => name)]);
    if (known !== this.name) this.#build(data);
    this.name = known;
    this.target.show(data.target);
    this.task.show(setup.data.task);
    this.#showColumns(data);
  }

  #build(data) {
    const { app, words } = this;
    const names = [...data.columns.map(({ name }) => name), data.target];
    const put = (field) => (value) => app.change({ [field]: value });
    this.target = control(app, { field: "data.target", kind: "choice", glossary: "target", effect: "data", choices: names }, (name) => {
      app.change({ "data.target": name, "data.columns": null, "data.task": null, "view.axes": [], "view.at": {} });
    });
    const tasks = { field: "data.task", kind: "choice", glossary: "task", effect: "data", optional: true, none: words.taskAuto };
    this.task = control(app, { ...tasks, choices: ["classification", "regression"], words }, put("data.task"));
    this.boxes = data.columns.map((column) => this.#column(column));
    this.list = el("ul", { class: "column-list" }, ...this.boxes.map(({ element }) => element));
    this.summary = el("summary");
    const columns = el("details", { class: "more", data: { field: "data.columns" } }, this.summary, el("p", { class: "about" }, app.strings.data.columnsLead, tip(app, "columns")), this.list);
    this.settings.replaceChildren(el("p", { class: "file", text: data.name }), this.target.element, this.task.element, columns);
  }

  #column({ name }) {
    const input = el("input", { type: "checkbox" });
    const facts = el("span", { class: "about" });
    input.addEventListener("change", () => {
      const wanted = this.boxes.filter((one) => one.input.checked).map((one) => one.name);
      this.app.change({ "data.columns": wanted, "view.axes": [] });
    });
    const element = el("li", {}, el("label", { class: "check" }, input, el("span", { text: name })), facts);
    return { name, input, facts, element };
  }

  #showColumns({ columns }) {
    const { words } = this;
    columns.forEach((column, at) => {
      const { input, facts } = this.boxes[at];
      input.checked = column.used;
      const told = [column.kind];
      if (column.missing) told.push(fill(words.missing, { n: count(column.missing) }));
      if (!column.used && column.reason) told.push(fill(words.unused, column));
      facts.textContent = told.join(", ");
    });
    this.summary.textContent = fill(words.used, { used: columns.filter(({ used }) => used).length, all: columns.length });
  }
}

function megabytes(bytes) {
  return Math.ceil(bytes / 2 ** 20);
}
