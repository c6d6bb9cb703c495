/**
 * The frame around the panels: slots, tabs, dialogs, which column is shown on a narrow screen, what a teacher has hidden.
 */

import { button, calm, el, fresh, lookup, visible } from "./dom.js";
import { hide } from "./hide.js";
import { buildNotices } from "./notices.js";

/** Panels in the order in which they hear of changes. */
const PANELS = [
  "run", "data", "training", "network", "presets", "keep", "settings", "help", "compare",
  "diagram", "map", "line", "curves", "metrics",
  "explain", "slow", "hidden", "histograms", "norms", "surface", "regions", "diagnosis", "digit",
];

/**
 * Make every panel and put it into its slot.
 * @param {App} app
 * @returns {Promise<Object[]>} the panels, each with its name
 */
export async function loadPanels(app) {
  const loaded = await Promise.all(PANELS.map((name) => made(app, name)));
  const panels = loaded.filter(Boolean);
  for (const panel of panels) document.querySelector(`[data-slot="${panel.name}"]`)?.append(panel.element);
  for (const box of document.querySelectorAll("[data-tabs]")) {
    const names = box.dataset.tabs.split(" ");
    box.append(tabs(app, names.map((name) => panels.find((panel) => panel.name === name)).filter(Boolean)));
  }
  hide(app.page.hide);
  return panels;
}

async function made(app, name) {
  try {
    const { create } = await import(`./panels/${name}.js`);
    return Object.assign(create(app), { name });
  } catch (error) {
    console.error(`the panel "${name}" could not be made`, error);
    return null;
  }
}

/** Fill in the words, and make the frame's own parts work. */
export function buildFrame(app) {
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = lookup(app.strings, element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", lookup(app.strings, element.dataset.label));
  }
  document.documentElement.toggleAttribute("data-embed", app.page.embed);
  document.documentElement.toggleAttribute("data-lecture", app.page.lecture);
  buildDialogs(app);
  buildSwitch(app);
  buildNotices(app);
  app.on("changed", () => byDimension(app));
}

function buildDialogs(app) {
  for (const opener of document.querySelectorAll("[data-opens]")) {
    const target = document.getElementById(opener.dataset.opens);
    opener.addEventListener("click", () => show(app, target, opener));
    if (target instanceof HTMLDialogElement) opener.setAttribute("aria-haspopup", "dialog");
    else opener.setAttribute("aria-expanded", "false");
  }
  for (const dialog of document.querySelectorAll("dialog")) dialog.append(dialogHead(app, dialog));
  app.on("open-part", (name) => document.querySelector(`[data-opens="${name}"]`)?.click());
}

function show(app, target, opener) {
  if (target instanceof HTMLDialogElement) target.showModal();
  else {
    target.hidden = !target.hidden;
    opener.setAttribute("aria-expanded", String(!target.hidden));
    if (!target.hidden) target.scrollIntoView({ block: "start" });
  }
  app.emit("opened-part", target.id);
  app.watch();
}

function dialogHead(app, dialog) {
  const close = button(app.strings.close, () => dialog.close(), { class: "plain", icon: "cross" });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  const title = el("h2", { id: `${dialog.id}-title`, text: lookup(app.strings, `${dialog.id}.title`) });
  return el("div", { class: "dialog-head" }, title, close);
}

/** On a narrow screen one column is seen at a time; three native radio buttons say which. */
function buildSwitch(app) {
  const box = document.querySelector(".switch");
  const columns = document.querySelector(".columns");
  const name = fresh("column");
  box.setAttribute("role", "radiogroup");
  for (const column of ["data", "network", "result"]) {
    const input = el("input", { type: "radio", name, value: column, checked: column === columns.dataset.shown });
    input.addEventListener("change", () => {
      columns.dataset.shown = column;
      app.watch();
    });
    box.append(el("label", {}, input, el("span", { text: lookup(app.strings, column === "result" ? "frame.result" : `${column}.title`) })));
  }
}

/** One input: a line instead of a map. */
function byDimension(app) {
  const single = app.state.data?.dimension === 1;
  const hidden = app.page.hide;
  document.querySelector('[data-slot="map"]').hidden = single || hidden.includes("map");
  document.querySelector('[data-slot="line"]').hidden = !single || hidden.includes("line");
}

/** Tabs: one tab stop, arrow keys, Home and End; a panel with `offered(state)` has a tab only where it makes sense. */
function tabs(app, panels) {
  const list = el("div", { role: "tablist", "aria-label": app.strings.frame.look, class: "tabs" });
  const bodies = el("div");
  const all = panels.map((panel) => tab(app, panel, list, bodies));
  const choose = (chosen, focus) => {
    for (const { mark, body } of all) {
      const on = mark === chosen.mark;
      mark.setAttribute("aria-selected", String(on));
      mark.tabIndex = on ? 0 : -1;
      body.hidden = !on;
    }
    if (focus) chosen.mark.focus();
    app.watch();
  };
  for (const one of all) one.mark.addEventListener("click", () => choose(one, false));
  list.addEventListener("keydown", (event) => steer(event, all.filter(({ mark }) => !mark.hidden), choose));
  app.on("show-view", (name) => {
    const wanted = all.find(({ panel }) => panel.name === name);
    if (!wanted) return;
    choose(wanted, false);
    reveal(app, list);
  });
  app.on("changed", () => {
    for (const { panel, mark } of all) mark.hidden = panel.offered ? !panel.offered(app.state) : false;
    if (all.find(({ mark }) => mark.hidden && mark.tabIndex === 0)) choose(all[0], false);
  });
  if (all.length) choose(all[0], false);
  return el("div", {}, list, bodies);
}

/** Bring what was asked for into sight, and no further than needed: what was clicked should stay there too. */
function reveal(app, list) {
  if (!visible(list)) document.querySelector('.switch input[value="network"]')?.click();
  const { top, bottom } = list.getBoundingClientRect();
  if (top < innerHeight * 0.75 && bottom > 0) return;
  scrollBy({ top: top - innerHeight * 0.55, behavior: calm() ? "instant" : "smooth" });
}

function tab(app, panel, list, bodies) {
  const [head, foot] = [fresh("tab"), fresh("view")];
  const mark = el("button", { type: "button", role: "tab", id: head, "aria-controls": foot, text: panel.title, data: { view: panel.name } });
  const body = el("div", { role: "tabpanel", id: foot, "aria-labelledby": head, tabIndex: 0, hidden: true }, panel.element);
  list.append(mark);
  bodies.append(body);
  return { panel, mark, body };
}

function steer(event, shown, choose) {
  const at = shown.findIndex(({ mark }) => mark === document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  event.stopPropagation();
  choose(shown[(to + shown.length) % shown.length], true);
}
