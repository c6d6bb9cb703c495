/** Weights and biases set by hand: a number and a slider for each parameter of the chosen unit, weight or bias. */

import { button, el, fill, fresh } from "../dom.js";
import { networkOf } from "../draw/weights.js";
import { views } from "../strings/views.js";

const WORDS = views.edit;
const MOST = 24;
const REACH = 4;

/** Editor of the parameters that the explanation is about. */
export class WeightEditor {
  constructor(app) {
    Object.assign(this, { app, network: networkOf(app), fields: [], waiting: null, busy: false });
    this.list = el("div", { class: "edit-list" });
    this.element = el(
      "details",
      { class: "view-options", hidden: true },
      el("summary", { text: WORDS.title }),
      el("p", { class: "view-note", text: WORDS.lead }),
      this.list,
    );
  }

  close() {
    this.element.hidden = true;
    this.fields = [];
    this.key = "";
  }

  /** The parameters of what is explained. */
  open(what) {
    const spots = this.#spots(what);
    if (!spots.length || !this.network.ready) return this.close();
    const key = JSON.stringify(spots);
    this.element.hidden = false;
    if (key === this.key) return this.see();
    this.key = key;
    if (what.kind !== "unit") this.element.open = true;
    this.fields = spots.map((spot) => this.#field(spot));
    this.list.replaceChildren(...this.fields.map(({ row }) => row));
    return this.see();
  }

  #spots({ kind, layer, unit, source }) {
    if (kind === "weight") return [{ kind, layer, unit, source }];
    if (kind === "bias") return [{ kind, layer, unit }];
    if (kind !== "unit") return [];
    const sources = Math.min(MOST, this.network.widths[layer] ?? 0);
    return [
      { kind: "bias", layer, unit },
      ...Array.from({ length: sources }, (_, at) => ({ kind: "weight", layer, unit, source: at })),
    ];
  }

  #field(spot) {
    const name = spot.kind === "bias" ? WORDS.bias : fill(WORDS.weight, { from: this.network.name(spot.layer, spot.source) });
    const full = `${name}, ${this.network.name(spot.layer + 1, spot.unit)}`;
    const box = el("input", { type: "number", step: "any", id: fresh("weight"), class: "short", "aria-label": full });
    const slider = el("input", {
      type: "range",
      min: -REACH,
      max: REACH,
      step: 0.01,
      "aria-label": fill(WORDS.slider, { name: full }),
    });
    box.addEventListener("change", () => this.#set(spot, box.value));
    slider.addEventListener("input", () => this.#set(spot, slider.value));
    const zero = button(WORDS.zero, () => this.#set(spot, 0), {
      class: "plain",
      "aria-label": fill(WORDS.zeroOf, { name: full }),
    });
    const row = el(
      "div",
      { class: "edit-row" },
      el("span", { class: "edit-name", "aria-hidden": "true", text: name }),
      box,
      slider,
      zero,
    );
    return { spot, box, slider, row };
  }

  /** The newest weights. */
  see() {
    if (!this.network.ready) return;
    for (const { spot, box, slider } of this.fields) {
      const value =
        spot.kind === "bias"
          ? this.network.biases[spot.layer][spot.unit]
          : this.network.weight(spot.layer, spot.unit, spot.source);
      if (value === undefined) continue;
      if (document.activeElement !== box) box.value = Number(value.toPrecision(5));
      if (document.activeElement !== slider) slider.value = value;
      slider.setAttribute("aria-valuetext", String(Number(value.toPrecision(4))));
    }
  }

  /** Set a parameter; while one is on its way only the newest of the others counts. */
  async #set(spot, text) {
    const value = Number(text);
    if (text === "" || !Number.isFinite(value)) return;
    this.waiting = { ...spot, value };
    if (this.busy) return;
    this.busy = true;
    while (this.waiting) {
      const edit = this.waiting;
      this.waiting = null;
      await this.app.act("edit", edit);
    }
    this.busy = false;
  }
}
