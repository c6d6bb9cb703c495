/** The weights as a table of buttons: the same as edges and matrices, for those who read rather than look. */

import { button, el, explained, fill, folded, fresh, numberTable, scrolling, short } from "../dom.js";
import { views } from "../strings/views.js";

const WORDS = views.diagram;
const MOST = 40;

/** A table of one layer's weights and biases, made when it is opened. */
export class WeightTable {
  constructor(app, network) {
    Object.assign(this, { app, network, layer: 0 });
    this.choice = el("select", { id: fresh("layer"), on: { change: () => this.#choose() } });
    this.body = scrolling(WORDS.table);
    const again = button(WORDS.again, () => this.#fill(), { class: "plain" });
    const head = el("div", { class: "view-flags" }, el("label", { class: "view-flag" }, WORDS.ofLayer, this.choice), again);
    this.element = folded(WORDS.table, () => this.#fill(), head, this.body);
  }

  /** Network or weights have changed. */
  renew() {
    const layers = this.network.widths.length - 1;
    if (this.choice.length !== layers) {
      const names = Array.from({ length: layers }, (_, layer) => this.network.layerName(layer));
      this.choice.replaceChildren(...names.map((text, value) => el("option", { value, text })));
      this.layer = 0;
    }
    this.#fill();
  }

  #choose() {
    this.layer = Number(this.choice.value);
    this.#fill();
  }

  #fill() {
    if (!this.element.open || !this.network.ready) return;
    const [sources, units] = [this.network.widths[this.layer], this.network.widths[this.layer + 1]];
    const shown = Array.from({ length: Math.min(units, MOST) }, (_, unit) => unit);
    const heads = [WORDS.from, ...shown.map((unit) => this.network.name(this.layer + 1, unit))];
    const rows = Array.from({ length: Math.min(sources, MOST) }, (_, source) =>
      this.#row(this.network.name(this.layer, source), shown, (unit) => this.network.weight(this.layer, unit, source), source),
    );
    rows.push(this.#row(WORDS.bias, shown, (unit) => this.network.biases[this.layer][unit], null));
    const left = sources > MOST || units > MOST ? el("p", { class: "view-note", text: fill(WORDS.tooMany, { n: MOST }) }) : null;
    this.body.replaceChildren(...[numberTable(heads, rows, true), left].filter(Boolean));
  }

  #row(name, shown, value, source) {
    const cells = shown.map((unit) => {
      const what =
        source === null ? { kind: "bias", layer: this.layer, unit } : { kind: "weight", layer: this.layer, unit, source };
      return explained(this.app, short(value(unit), 4), () => what, { class: "number" });
    });
    return [name, ...cells];
  }
}
