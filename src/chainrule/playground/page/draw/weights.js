/** What is known of the network: shape, names, newest weights. Shared by all views of a page. */

import { fill, short } from "../dom.js";
import { views } from "../strings/views.js";

const WORDS = views.diagram;
const known = new WeakMap();

/** The network of an app's session. Column 0 holds the inputs, column l + 1 layer l. */
export function networkOf(app) {
  if (!known.has(app)) known.set(app, new Network(app));
  return known.get(app);
}

class Network {
  constructor(app) {
    Object.assign(this, { app, version: -1, weights: [], biases: [], widths: [], layers: null, inputs: [], classes: [] });
  }

  /** Part of what a frame shall hold. */
  get wanted() {
    return { weights: { known: this.version } };
  }

  /** Take the newest description. */
  shape() {
    const { network, data } = this.app.state;
    this.widths = network.widths;
    this.inputs = network.inputs ?? [];
    this.layers = network.layers;
    this.classes = data.classes;
    this.weights = [];
    this.version = -1;
  }

  take(frame) {
    const told = frame.header.weights;
    if (!told?.sent || !frame.arrays.W0) return;
    this.version = told.version;
    for (let layer = 0; layer < this.widths.length - 1; layer += 1) {
      this.weights[layer] = frame.arrays[`W${layer}`];
      this.biases[layer] = frame.arrays[`b${layer}`];
    }
  }

  /** Whether the weights that came fit the shape that is drawn. */
  get ready() {
    return (
      this.weights.length > 0 &&
      this.weights.every((array, layer) => array?.length === this.widths[layer] * this.widths[layer + 1])
    );
  }

  weight(layer, unit, source) {
    return this.weights[layer][source * this.widths[layer + 1] + unit];
  }

  /** What a layer is called. */
  layerName(layer) {
    return layer === this.widths.length - 2 ? WORDS.outputs : fill(WORDS.layer, { n: layer + 1 });
  }

  /** What a column's unit is called. */
  name(column, unit) {
    if (column === 0) return this.inputs[unit] ?? `x${unit + 1}`;
    if (column < this.widths.length - 1) return fill(WORDS.unit, { layer: column, unit: unit + 1 });
    const name = this.classes.length > 2 ? this.classes[unit] : this.app.state.data.target || "";
    return fill(WORDS.output, { name: name || unit + 1 });
  }

  /** Everything about a node in one sentence. */
  tell(column, unit) {
    const name = this.name(column, unit);
    if (column === 0 || !this.ready) return fill(WORDS.input, { name });
    const shown = Math.min(6, this.widths[column - 1]);
    const parts = Array.from(
      { length: shown },
      (_, source) => `${this.name(column - 1, source)}: ${short(this.weight(column - 1, unit, source))}`,
    );
    const more = this.widths[column - 1] > shown ? fill(WORDS.more, { n: this.widths[column - 1] - shown }) : "";
    const { activation } = this.layers[column - 1];
    return fill(WORDS.node, { name, activation, bias: short(this.biases[column - 1][unit]), weights: parts.join(", ") + more });
  }

  /** A weight in one sentence. */
  tellWeight(layer, unit, source) {
    const value = this.ready ? short(this.weight(layer, unit, source)) : "";
    return fill(WORDS.weight, { from: this.name(layer, source), to: this.name(layer + 1, unit), value });
  }
}
