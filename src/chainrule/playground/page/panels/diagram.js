/** The network: nodes with their maps, weights as edges; matrices where there are too many for that; all weights as a table. */

import { el, fill, fresh } from "../dom.js";
import { Picture, font } from "../draw/canvas.js";
import { scheme, shapeSign } from "../draw/colours.js";
import { Faces } from "../draw/faces.js";
import { bar, key, lineKey } from "../draw/legend.js";
import { Layout, NEGATIVE, bias, edge, edges, numbers } from "../draw/network.js";
import { networkOf } from "../draw/weights.js";
import { views } from "../strings/views.js";
import { DiagramHand } from "./diagram-hand.js";
import { Matrices } from "./matrices.js";
import { WeightTable } from "./weight-table.js";

const WORDS = views.diagram;
// Beyond this many units in a layer nodes and edges become a tangle.
const MOST_UNITS = 16;
const MOST_EDGES = 700;
const MOST_COLUMNS = 10;

/** @param {App} app */
export function create(app) {
  const diagram = new Diagram(app);
  return {
    element: diagram.element,
    title: WORDS.title,
    wanted: () => ({ units: { size: 24 }, ...diagram.network.wanted }),
    frame: (frame) => diagram.take(frame),
    changed: (reply) => diagram.changed(reply),
  };
}

class Diagram {
  constructor(app) {
    this.app = app;
    this.network = networkOf(app);
    this.faces = new Faces();
    this.layout = new Layout([2, 1]);
    Object.assign(this, { looked: null, chosen: null, marked: null });
    const height = (width) => this.layout.within(width).height();
    this.picture = new Picture({ label: WORDS.title, draw: () => this.draw(), height, name: "network" });
    this.hand = new DiagramHand(this);
    this.matrices = new Matrices(app, this.network, this.faces);
    this.table = new WeightTable(app, this.network);
    this.build();
    app.on("highlight", (spot) => this.mark(spot));
    app.on("select", ({ what }) => this.choose(what));
  }

  build() {
    this.readout = el("p", { class: "readout", text: WORDS.hint });
    this.matrices.element.hidden = true;
    this.picture.caption.append(this.readout);
    this.legend = el("div", { class: "legend" });
    this.form = el("select", { id: fresh("form"), on: { change: () => this.#form() } });
    for (const form of ["auto", "nodes", "matrices"]) this.form.append(el("option", { value: form, text: WORDS.forms[form] }));
    const choice = el("label", { class: "view-flag" }, WORDS.form, this.form);
    this.element = el(
      "div",
      { class: "view" },
      this.legend,
      this.picture.element,
      this.matrices.element,
      choice,
      this.table.element,
    );
  }

  changed(reply) {
    if (!reply.changed.includes("network") && !reply.changed.includes("data")) {
      // What was read out loud may be old by now.
      if (reply.changed.includes("weights")) this.table.renew();
      return;
    }
    this.network.shape();
    this.layout = new Layout(this.network.widths);
    this.picture.narrowest = this.layout.narrowest;
    Object.assign(this, { looked: null, chosen: null });
    this.#form();
    this.hand.rebuild();
    this.matrices.renew();
    this.table.renew();
    this.picture.describe(fill(WORDS.spoken, { widths: this.network.widths.join(" – ") }));
  }

  /** Nodes and edges, or matrices. */
  #form() {
    const { widths } = this.network;
    const count = widths.slice(1).reduce((sum, units, layer) => sum + units * widths[layer], 0);
    const tangle = Math.max(...widths) > MOST_UNITS || count > MOST_EDGES || widths.length > MOST_COLUMNS;
    this.wide = this.form.value === "matrices" || (this.form.value === "auto" && tangle);
    this.picture.element.hidden = this.wide;
    this.matrices.element.hidden = !this.wide;
    if (!this.wide) this.#fit();
    this.#draw();
  }

  #fit() {
    if (!this.picture.fit()) this.layout.within(this.picture.width);
    this.hand.arrange();
  }

  take(frame) {
    this.network.take(frame);
    this.faces.take(frame);
    this.#draw();
    if (this.looked) this.readout.textContent = this.#told();
  }

  #draw() {
    if (this.wide) this.matrices.redraw();
    else this.picture.redraw();
  }

  /** A node or an edge is pointed at or has the focus; null for none. */
  look(spot) {
    this.looked = spot;
    this.readout.textContent = spot ? this.#told() : WORDS.hint;
    const node = spot && spot.source === undefined ? { layer: spot.column - 1, unit: spot.unit } : null;
    this.app.emit("hover", node);
    this.picture.redraw();
  }

  #told() {
    const { column, unit, source } = this.looked;
    return source === undefined ? this.network.tell(column, unit) : this.network.tellWeight(column - 1, unit, source);
  }

  /** Ask for the explanation of a node or an edge. */
  explain({ column, unit, source }) {
    const layer = column - 1;
    const what =
      source !== undefined
        ? { kind: "weight", layer, unit, source }
        : column === 0
          ? { kind: "input", unit }
          : { kind: "unit", layer, unit };
    this.app.explain(what);
  }

  choose({ kind, layer, unit, source }) {
    const column = kind === "input" ? 0 : layer === undefined ? null : layer + 1;
    this.chosen = column === null || unit === undefined ? null : { column, unit, source: kind === "weight" ? source : undefined };
    this.#draw();
  }

  /** Mark what a step of an explanation is about. */
  mark(spot) {
    const place = spot && spot.layer !== null && spot.layer !== undefined ? spot : null;
    // Without a unit a whole layer is meant.
    this.marked = place && { column: place.layer + 1, unit: place.unit ?? undefined, source: place.source ?? undefined };
    this.#draw();
  }

  draw() {
    const { picture, layout, network } = this;
    const context = picture.context;
    picture.clear();
    if (!network.layers) return;
    this.#legend();
    layout.within(picture.width);
    if (this.arranged !== picture.width) this.hand.arrange();
    this.arranged = picture.width;
    this.#heads(context);
    if (network.ready) {
      for (const spot of [this.chosen, this.marked]) this.#markEdge(context, spot);
      for (let column = 1; column < layout.widths.length; column += 1)
        edges(context, layout, column, network.weights[column - 1], this.looked);
    }
    for (let column = 0; column < layout.widths.length; column += 1) {
      for (let unit = 0; unit < layout.widths[column]; unit += 1) this.#node(context, column, unit);
    }
    const at = this.looked;
    if (at && at.column > 0 && network.ready) numbers(context, layout, at.column, at.unit, network.weights[at.column - 1]);
  }

  #legend() {
    const { plus, minus, name } = scheme();
    if (this.legendFor === name) return;
    this.legendFor = name;
    this.legend.replaceChildren(
      lineKey(plus, [], WORDS.positive),
      lineKey(minus, NEGATIVE, WORDS.negative),
      key(plus, "■", WORDS.bias),
      bar({ kind: "signed", low: -1, high: 1 }, WORDS.face),
    );
  }

  #heads(context) {
    const { layout, network } = this;
    const size = font(context, 0.75, "bold");
    context.textBaseline = "top";
    context.textAlign = "center";
    const last = layout.widths.length - 1;
    for (let column = 0; column <= last; column += 1) {
      const x = layout.x(column) + layout.side / 2;
      context.fillStyle = scheme().ink;
      font(context, 0.75, "bold");
      context.fillText(column === 0 ? WORDS.inputs : column === last ? WORDS.outputs : fill(WORDS.layer, { n: column }), x, 2);
      if (column === 0) continue;
      font(context, 0.72);
      context.fillStyle = scheme().soft;
      context.fillText(network.layers[column - 1]?.activation ?? "", x, 3 + size * 1.15);
    }
  }

  #node(context, column, unit) {
    const { layout, network, faces } = this;
    const [x, y, side] = [layout.x(column), layout.y(column, unit), layout.side];
    const last = column === layout.widths.length - 1;
    context.fillStyle = scheme().paper;
    context.fillRect(x, y, side, side);
    context.imageSmoothingEnabled = true;
    faces.draw(context, column - 1, unit, x, y, side, side, last ? this.#outputLook(unit) : null);
    const ringed = [this.chosen, this.marked, this.looked].some((spot) => rings(spot, column, unit));
    context.lineWidth = ringed ? 3.5 : 1.3;
    context.strokeStyle = ringed ? scheme().mark : scheme().ink;
    context.strokeRect(x, y, side, side);
    if (column > 0 && network.ready) bias(context, x + 1, y + side - 1, network.biases[column - 1][unit]);
    this.#caption(context, column, unit, x, y + side / 2);
  }

  #outputLook(unit) {
    const { classes } = this.network;
    if (this.app.state.data.task !== "classification") return null;
    if (classes.length > 2) return { classes: classes.length, place: unit };
    return this.app.state.frame?.header.map?.kind === "score" ? null : { kind: "pair" };
  }

  #caption(context, column, unit, x, middle) {
    const { layout, network } = this;
    const last = layout.widths.length - 1;
    if (column !== 0 && column !== last) return;
    const { classes } = network;
    const text =
      column === 0
        ? (network.inputs[unit] ?? "")
        : classes.length > 2
          ? `${shapeSign(unit)} ${classes[unit]}`
          : this.app.state.data.target || "";
    font(context, 0.75);
    context.fillStyle = scheme().ink;
    context.textBaseline = "middle";
    context.textAlign = column === 0 ? "right" : "left";
    context.fillText(cut(context, text, layout.margin - 10), column === 0 ? x - 6 : x + layout.side + 6, middle);
  }

  #markEdge(context, spot) {
    if (!spot || spot.source === undefined || spot.column >= this.layout.widths.length) return;
    context.beginPath();
    edge(context, this.layout, spot.column, spot.unit, spot.source);
    Object.assign(context, { lineWidth: 12, strokeStyle: scheme().mark, globalAlpha: 0.45 });
    context.stroke();
    context.globalAlpha = 1;
  }
}

function rings(spot, column, unit) {
  return spot && spot.column === column && (spot.unit === undefined || spot.unit === unit) && spot.source === undefined;
}

// As much of a name as there is room for, its end rather than its middle left out.
function cut(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let length = text.length - 1;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length)}…`;
}
