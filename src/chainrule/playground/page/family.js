/** A choice among formulas with hyper-parameters of their own: solver, schedule, initializer, loss. */

import { control } from "./controls.js";
import { el, sentence } from "./dom.js";

/**
 * @param {App} app
 * @param {Object} spec `field`, `glossary`, `label`, `optional`, `none` (word for null)
 * @param {Object[]} entries of the options: name, about, fields (each a control)
 * @returns {Control}
 */
export function family(app, spec, entries) {
  const { field } = spec;
  const about = el("p", { class: "about" });
  const knobs = el("div", { class: "knobs" });
  const choice = control(app, { ...spec, kind: "choice", choices: entries.map(({ name }) => name) }, (name) => {
    app.change({ [field]: name === null ? null : { name } });
  });
  const element = el("div", { class: "family" }, choice.element, about, knobs);
  let made = { name: null, controls: [] };
  const show = (value, why) => {
    const name = nameOf(value);
    choice.show(name, why);
    const entry = entries.find((one) => one.name === name);
    about.textContent = sentence(entry?.about);
    about.hidden = !about.textContent || Boolean(why);
    knobs.hidden = Boolean(why);
    if (made.name !== name) {
      made = { name, controls: (entry?.fields ?? []).map((one) => knob(app, field, one)) };
      knobs.replaceChildren(...made.controls.map(({ element: one }) => one));
    }
    for (const one of made.controls) one.show(value?.[one.name]);
  };
  return { element, show };
}

/** The name of a formula, which is a text or an object with a name. */
export function nameOf(value) {
  return typeof value === "string" || value === null || value === undefined ? (value ?? null) : value.name;
}

function knob(app, field, spec) {
  const name = spec.name ?? spec.field.slice(spec.field.lastIndexOf(".") + 1);
  const path = `${field}.${name}`;
  const made = control(app, { ...spec, field: path }, (value) => {
    const whole = app.state.at(field);
    app.change({ [field]: { ...(typeof whole === "string" ? { name: whole } : whole), [name]: value } });
  });
  return { ...made, name };
}
