/** Controls, made from what the server's options say about each field: native elements, each with its label and its note. */

import { el, fill, finite, fresh, short } from "./dom.js";
import { read } from "./state.js";
import { term, tip } from "./tips.js";

/**
 * @typedef {Object} Control
 * @property {HTMLElement} element
 * @property {(value: any, why?: string) => void} show the value; with a reason the control is disabled and says why
 */

// Replies to the last but one movement must not pull a slider back while it is moved.
const SETTLED = 400;

/** Fields whose last name stands for something else elsewhere: their words in the glossary. */
const SEEDS = { "data.seed": "data_seed", "network.seed": "weight_seed", "training.seed": "order_seed", "training.schedule.epochs": "schedule_epochs" };

/**
 * A control for one value.
 * @param {App} app
 * @param {Object} spec entry of the options: field, kind, default, low, high, scale, suggested, choices, optional, effect, glossary, label
 * @param {(value: any) => void} put what to do with a new value
 * @returns {Control}
 */
export function control(app, spec, put) {
  const key = SEEDS[spec.field] ?? spec.glossary ?? last(spec.field);
  const label = term(app, key, spec.label || last(spec.field).replaceAll("_", " "));
  const make = MAKERS[spec.kind] ?? text;
  const made = make(app, { ...spec, label, tip: tip(app, key, spec, label) }, put);
  made.element.dataset.field = spec.field;
  made.element.classList.add("control");
  return explained(made);
}

const MAKERS = { number, whole: number, seed, flag, choice, text, numbers };

/** Controls for fields of the setup, kept in step with it. */
export class Bound {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.made = new Map();
  }

  /** The control of a field, made once; null where the options do not have it. */
  get(field) {
    const spec = this.app.state.options.controls.find((one) => one.field === field);
    if (!spec) return null;
    if (!this.made.has(field)) this.made.set(field, control(this.app, spec, (value) => this.app.change({ [field]: value })));
    return this.made.get(field);
  }

  /** Elements of several fields, in this order. */
  elements(...names) {
    return names.map((field) => this.get(field)?.element).filter(Boolean);
  }

  /** Show the setup's values; `reasons` says by field why some are disabled. */
  show(reasons = {}) {
    for (const [field, made] of this.made) made.show(read(this.app.state.setup, field), reasons[field]);
  }
}

function last(field) {
  return field.slice(field.lastIndexOf(".") + 1);
}

/** Add the reason why a control is disabled. */
function explained({ element, show, inputs }) {
  const why = el("p", { class: "why", id: fresh("why"), hidden: true });
  element.append(why);
  return {
    element,
    show: (value, reason = "") => {
      show(value);
      why.textContent = reason;
      why.hidden = !reason;
      for (const input of inputs) {
        input.disabled = Boolean(reason);
        if (reason) input.setAttribute("aria-describedby", why.id);
        else if (input.getAttribute("aria-describedby") === why.id) input.removeAttribute("aria-describedby");
      }
    },
  };
}

function head(spec, input) {
  input.id = fresh("field");
  return el("div", { class: "control-head" }, el("label", { for: input.id, text: spec.label }), spec.tip, input);
}

function flag(app, spec, put) {
  const input = el("input", { type: "checkbox" });
  input.addEventListener("change", () => put(input.checked));
  const label = el("label", { class: "check" }, input, el("span", { text: spec.label }));
  const show = (value) => {
    input.checked = Boolean(value);
  };
  return { element: el("div", { class: "control-head" }, label, spec.tip), show, inputs: [input] };
}

function choice(app, spec, put) {
  const input = el("select");
  const none = spec.none ?? app.strings.control.auto.replace(" ({choice})", "");
  if (spec.optional) input.append(el("option", { value: "", text: none }));
  for (const name of spec.choices ?? []) input.append(el("option", { value: name, text: spec.words?.[name] ?? name }));
  input.addEventListener("change", () => put(input.value === "" ? null : input.value));
  const show = (value) => {
    input.value = value ?? "";
  };
  return { element: el("div", {}, head(spec, input)), show, inputs: [input] };
}

function text(app, spec, put) {
  const input = el("input", { type: "text", autocomplete: "off", spellcheck: false });
  input.addEventListener("change", () => put(spec.optional && input.value === "" ? null : input.value));
  const show = (value) => {
    if (document.activeElement !== input) input.value = value ?? "";
  };
  return { element: el("div", {}, head(spec, input)), show, inputs: [input] };
}

/** Several numbers, separated by commas. */
function numbers(app, spec, put) {
  const input = el("input", { type: "text", autocomplete: "off", inputMode: "decimal" });
  input.addEventListener("change", () => put(input.value.split(/[,;\s]+/).filter(Boolean).map(Number)));
  const show = (value) => {
    if (document.activeElement !== input) input.value = (value ?? []).join(", ");
  };
  return { element: el("div", {}, head(spec, input)), show, inputs: [input] };
}

/** A whole number; links of elsewhere have texts. */
function seed(app, spec, put) {
  const made = text(app, spec, (value) => put(/^\d+$/.test(value.trim()) ? Number(value) : value.trim()));
  made.inputs[0].classList.add("number");
  return made;
}

function number(app, spec, put) {
  const box = el("input", { type: "number", step: spec.kind === "number" ? "any" : 1, class: "number" });
  if (finite(spec.low)) box.min = spec.low;
  if (finite(spec.high)) box.max = spec.high;
  if (spec.optional) box.placeholder = app.strings.control.off;
  let dirty = false;
  box.addEventListener("input", () => {
    dirty = true;
  });
  const row = head(spec, box);
  const slider = sliderOf(app, spec, (value) => {
    box.value = value;
    put(value);
  });
  box.addEventListener("change", () => {
    dirty = false;
    if (box.validity.badInput || (box.value === "" && !spec.optional)) return show(current);
    put(box.value === "" ? null : Number(box.value));
  });
  let current = null;
  const show = (value) => {
    current = value;
    if (!dirty || document.activeElement !== box) box.value = value === null || value === undefined ? "" : value;
    slider?.show(value);
  };
  return { element: el("div", {}, row, slider?.element ?? null), show, inputs: slider ? [box, slider.element] : [box] };
}

/** A slider along the suggested values, or along the range; none where the range is open or is one of seeds. */
function sliderOf(app, spec, moved) {
  const rule = ruler(spec);
  if (!rule || spec.optional || spec.kind === "seed" || /seed$/.test(spec.field)) return null;
  const label = fill(app.strings.control.slider, { label: spec.label });
  const element = el("input", { type: "range", min: 0, max: rule.steps, step: 1, "aria-label": label });
  let held = false;
  let moving = 0;
  const told = () => element.setAttribute("aria-valuetext", short(rule.value(Number(element.value)), 4));
  element.addEventListener("pointerdown", () => {
    held = true;
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) {
    element.addEventListener(end, () => {
      held = false;
    });
  }
  let known = null;
  element.addEventListener("input", () => {
    clearTimeout(moving);
    moving = setTimeout(() => {
      moving = 0;
      show(known);
    }, SETTLED);
    told();
    moved(rule.value(Number(element.value)));
  });
  const show = (value) => {
    known = value;
    if (held || moving || value === null || value === undefined) return;
    element.value = rule.place(Number(value));
    element.setAttribute("aria-valuetext", short(Number(value), 4));
  };
  return { element, show };
}

/** How positions of a slider and values belong together. */
export function ruler({ kind, low, high, scale, suggested, step }) {
  if (suggested?.length > 2) return stops(suggested);
  if (!finite(low) || !finite(high)) return null;
  const whole = kind === "whole";
  if (scale === "log" && low > 0) {
    const [from, steps] = [Math.log10(low), Math.round(Math.log10(high / low) * 20)];
    const value = (at) => round(10 ** (from + at / 20), whole ? 0 : 2 - Math.floor(from + at / 20));
    return { steps, value, place: (number) => Math.round((Math.log10(number) - from) * 20) };
  }
  const unit = step ?? (whole ? 1 : (high - low) / 100);
  return {
    steps: Math.round((high - low) / unit),
    value: (at) => round(low + at * unit, whole ? 0 : 6),
    place: (number) => Math.round((number - low) / unit),
  };
}

function stops(values) {
  const nearest = (number) => {
    const distances = values.map((value) => Math.abs(position(value) - position(number)));
    return distances.indexOf(Math.min(...distances));
  };
  return { steps: values.length - 1, value: (at) => values[at], place: nearest };
}

/** Distances between rates are felt as ratios; 0 lies a little below the smallest. */
function position(value) {
  return Math.log10(Math.max(Math.abs(value), 1e-8));
}

function round(value, places) {
  return Number(value.toFixed(Math.min(12, Math.max(0, places))));
}
