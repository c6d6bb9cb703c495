/** The example data sets as a choice with small pictures. */

import { el, fresh, sentence } from "./dom.js";

/**
 * @param {App} app
 * @param {"toy"|"rival"} source
 * @param {Object[]} entries of the options: name, task, inputs, about
 */
export function toys(app, source, entries) {
  const words = app.strings.data;
  const name = fresh("toy");
  const inputs = [];
  const about = el("p", { class: "about" });
  const card = (entry) => {
    const input = el("input", { type: "radio", name, value: entry.name });
    input.addEventListener("change", () => app.change({ "data.source": source, "data.name": entry.name, "data.task": null }));
    inputs.push(input);
    return el("label", { class: "toy", title: entry.about ?? "" }, input, picture(entry), el("span", { text: entry.name.replace(/^reg-/, "") }));
  };
  const groups = ["classification", "regression"].map((task) => {
    const cards = entries.filter((entry) => entry.task === task).map(card);
    return el("fieldset", { class: "toys" }, el("legend", { text: words[task] }), el("div", { class: "toy-grid" }, ...cards));
  });
  const show = (chosen) => {
    for (const input of inputs) input.checked = input.value === chosen;
    const entry = entries.find((one) => one.name === chosen);
    about.textContent = sentence(entry?.about);
    about.hidden = !about.textContent;
  };
  return { element: el("div", { data: { field: "data.name" } }, ...groups, about), show };
}

const SPACE = "http://www.w3.org/2000/svg";

/** A sketch of the data: what it looks like, not the points themselves. */
function picture({ name }) {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", "-1.2 -1.2 2.4 2.4");
  svg.setAttribute("aria-hidden", "true");
  for (const [x, y, kind] of (SKETCHES[name] ?? (() => []))()) {
    const dot = document.createElementNS(SPACE, "circle");
    for (const [key, value] of Object.entries({ cx: x, cy: -y, r: 0.1, class: `dot-${kind}` })) dot.setAttribute(key, value);
    svg.append(dot);
  }
  return svg;
}

function ring(radius, dots, kind, [x, y] = [0, 0], from = 0, to = 2 * Math.PI) {
  return Array.from({ length: dots }, (_, at) => {
    const angle = from + ((to - from) * at) / (to - from > 6 ? dots : dots - 1);
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle), kind];
  });
}

function cloud(x, y, kind, wide = 0.3) {
  return [[x, y, kind], ...ring(wide, 6, kind, [x, y])];
}

function grid(kind) {
  const side = [-0.8, -0.4, 0, 0.4, 0.8];
  return side.flatMap((x) => side.map((y) => [x, y, kind(x, y)]));
}

function curve(f) {
  return Array.from({ length: 13 }, (_, at) => at / 6 - 1).map((x) => [x, f(x), 0]);
}

function spiral() {
  return Array.from({ length: 13 }, (_, at) => (at + 1) / 13).flatMap((r) => {
    const [x, y] = [r * Math.sin(5.5 * r), r * Math.cos(5.5 * r)];
    return [[x, y, 0], [-x, -y, 1]];
  });
}

const xor = () => grid((x, y) => Number(x * y < 0)).filter(([x, y]) => x && y);
const circle = () => [...cloud(0, 0, 0, 0.28), ...ring(0.95, 16, 1)];
const gauss = () => [...cloud(0.5, 0.5, 0), ...cloud(-0.5, -0.5, 1)];
const plane = () => grid((x, y) => (x + y > 0.05 ? 0 : x + y < -0.05 ? 1 : 3));
const bumps = () => grid((x, y) => (Math.abs(x) < 0.1 ? 3 : Number(x * y < 0)));

const SKETCHES = {
  circle, xor, gauss, spiral, plane, bumps,
  "reg-plane": plane,
  "reg-gauss": bumps,
  moons: () => [...ring(0.65, 9, 0, [-0.3, -0.1], 0, Math.PI), ...ring(0.65, 9, 1, [0.3, 0.1], Math.PI, 2 * Math.PI)],
  mixture: () => [[-0.8, 0.5], [0.1, 0.8], [-0.3, -0.1], [0.6, 0.3]].flatMap(([x, y]) => [[x, y, 0], [x + 0.12, y + 0.2, 0], [0.2 - x, -y, 1], [0.1 - x, -y - 0.2, 1]]),
  three: () => [...cloud(0, 0.6, 0, 0.26), ...cloud(-0.6, -0.4, 1, 0.26), ...cloud(0.6, -0.4, 2, 0.26)],
  sine: () => curve((x) => 0.8 * Math.sin(Math.PI * (x + 1))),
  line: () => curve((x) => 0.7 * x),
  stair: () => curve((x) => (x < 0 ? -0.5 : 0.5)),
};
