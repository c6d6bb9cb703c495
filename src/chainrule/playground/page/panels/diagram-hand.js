/** Pointer and keys on the diagram: one tab stop, arrows from node to node, Shift with up and down along a node's weights. */

import { el, fill } from "../dom.js";
import { views } from "../strings/views.js";

const WORDS = views.diagram;
const NEAR = 7;

/** The hand on a diagram. Every node is a real button above the canvas. */
export class DiagramHand {
  constructor(diagram) {
    Object.assign(this, { diagram, nodes: [], at: [0, 0], source: null });
    const { picture } = diagram;
    this.box = el("div", { class: "diagram-nodes", role: "group", "aria-label": WORDS.keys });
    picture.box.append(this.box);
    picture.box.addEventListener("pointermove", (event) => this.#over(event));
    picture.box.addEventListener("pointerleave", () => this.#away());
    picture.canvas.addEventListener("click", (event) => this.#click(event));
    this.box.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Make the buttons for a new shape. */
  rebuild() {
    const { widths } = this.diagram.network;
    const focused = this.box.contains(document.activeElement);
    this.nodes = widths.map((units, column) =>
      Array.from({ length: units }, (_, unit) => (units > 16 ? null : this.#node(column, unit))),
    );
    this.box.replaceChildren(...this.nodes.flat().filter(Boolean));
    this.arrange();
    this.#rove(Math.min(this.at[0], widths.length - 1), this.at[1], focused);
  }

  #node(column, unit) {
    const node = el("button", {
      type: "button",
      class: "node",
      tabIndex: -1,
      data: { explains: "" },
      "aria-label": this.diagram.network.name(column, unit),
    });
    node.addEventListener("focus", () => this.#focus(column, unit));
    node.addEventListener("blur", () => this.#away());
    node.addEventListener("click", () => this.diagram.explain({ column, unit, source: undefined }));
    return node;
  }

  /** Put the buttons where the nodes are drawn. */
  arrange() {
    const { layout, picture } = this.diagram;
    if (picture.width === 0 || layout.left === undefined) return;
    this.nodes.forEach((nodes, column) =>
      nodes.forEach((node, unit) => {
        if (!node) return;
        const place = { left: layout.x(column), top: layout.y(column, unit), width: layout.side, height: layout.side };
        for (const [side, value] of Object.entries(place)) node.style[side] = `${value}px`;
      }),
    );
  }

  #focus(column, unit) {
    this.at = [column, unit];
    this.source = null;
    this.nodes[column][unit].setAttribute("aria-label", this.diagram.network.tell(column, unit));
    this.diagram.look({ column, unit });
  }

  #rove(column, unit, focus) {
    const nodes = this.nodes[column];
    const to = Math.max(0, Math.min(nodes.length - 1, unit));
    if (!nodes[to]) return;
    for (const node of this.nodes.flat()) if (node) node.tabIndex = -1;
    nodes[to].tabIndex = 0;
    this.at = [column, to];
    if (focus) nodes[to].focus();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [column, unit] = this.at;
    const last = this.nodes.length - 1;
    const across = (to) => Math.round(((unit + 0.5) * (this.nodes[to]?.length ?? 1)) / this.nodes[column].length - 0.5);
    const layer = column - 1;
    const done = {
      ArrowLeft: () => column > 0 && this.#rove(column - 1, across(column - 1), true),
      ArrowRight: () => column < last && this.#rove(column + 1, across(column + 1), true),
      ArrowUp: () => (event.shiftKey ? this.#weight(-1) : this.#rove(column, unit - 1, true)),
      ArrowDown: () => (event.shiftKey ? this.#weight(1) : this.#rove(column, unit + 1, true)),
      Home: () => this.#rove(0, 0, true),
      End: () => this.#rove(last, 0, true),
      Enter: () => this.diagram.explain({ column, unit, source: this.source ?? undefined }),
      "+": () => column > 0 && column < last && this.diagram.app.emit("units", { layer, by: 1 }),
      "-": () => column > 0 && column < last && this.diagram.app.emit("units", { layer, by: -1 }),
      Delete: () => column > 0 && column < last && this.diagram.app.emit("remove-layer", { layer }),
    }[event.key];
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
    done();
  }

  /** Go along the weights that lead into the node. */
  #weight(by) {
    const [column, unit] = this.at;
    if (column === 0) return;
    const sources = this.diagram.network.widths[column - 1];
    this.source = this.source === null ? (by > 0 ? 0 : sources - 1) : (this.source + by + sources) % sources;
    this.diagram.look({ column, unit, source: this.source });
    this.diagram.app.say(this.diagram.readout.textContent);
  }

  #spot(event) {
    const { layout, picture } = this.diagram;
    const [x, y] = picture.place(event);
    for (let column = 0; column < layout.widths.length; column += 1) {
      const left = layout.x(column);
      if (x < left || x > left + layout.side) continue;
      for (let unit = 0; unit < layout.widths[column]; unit += 1) {
        const top = layout.y(column, unit);
        if (y >= top && y <= top + layout.side) return { column, unit };
      }
    }
    return layout.edgeAt(x, y, NEAR);
  }

  #over(event) {
    const spot = this.#spot(event);
    const old = this.diagram.looked;
    const same = spot?.column === old?.column && spot?.unit === old?.unit && spot?.source === old?.source;
    if (!same) this.diagram.look(spot);
    this.diagram.picture.canvas.classList.toggle("pointing", Boolean(spot));
  }

  /** Back to what has the focus, if anything has. */
  #away() {
    const focused = this.box.contains(document.activeElement) && document.activeElement.matches(":focus-visible");
    this.diagram.look(focused ? { column: this.at[0], unit: this.at[1] } : null);
  }

  #click(event) {
    const spot = this.#spot(event);
    if (!spot) return;
    this.diagram.explain(spot);
    this.diagram.app.say(fill(WORDS.opened, { what: this.diagram.readout.textContent }));
  }
}
