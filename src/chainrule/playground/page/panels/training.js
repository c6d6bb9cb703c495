/** How the network is trained: rate, solver and schedule with their own settings, batches, regularisation. */

import { Bound } from "../controls.js";
import { el, fill } from "../dom.js";
import { family, nameOf } from "../family.js";

const PENALTIES = ["alpha", "l2", "l1", "weight_decay", "max_norm", "clip_norm", "clip_value"];

export function create(app) {
  const words = app.strings.training;
  const element = el("div", { class: "card" });
  let bound = new Bound(app);
  let families = [];
  const build = () => {
    const { options } = app.state;
    bound = new Bound(app);
    const solver = family(app, { field: "training.solver", glossary: "solver", effect: "live" }, options.solvers);
    const schedule = family(app, { field: "training.schedule", glossary: "schedule", effect: "live" }, options.schedules);
    families = [["training.solver", solver], ["training.schedule", schedule]];
    const penalties = bound.elements(...PENALTIES.map((name) => `training.${name}`));
    const order = bound.elements("training.shuffle", "training.seed", "run.engine", "run.dtype", "run.compat");
    element.replaceChildren(
      solver.element,
      ...bound.elements("training.learning_rate", "training.batch_size"),
      schedule.element,
      group(words.penalty, penalties, "regularisation"),
      group(words.order, order, "batches"),
    );
    show();
  };
  const show = () => {
    const why = reasons(app);
    bound.show(why);
    for (const [field, one] of families) one.show(app.state.at(field), why[field]);
  };
  app.on("opened", build);
  return { element, title: words.title, changed: show };
}

/** Why some settings have no effect now. */
function reasons(app) {
  const solver = app.state.options.solvers.find(({ name }) => name === nameOf(app.state.at("training.solver")));
  if (!solver || solver.stochastic) return {};
  const full = fill(app.strings.training.full, solver);
  return Object.fromEntries(["learning_rate", "batch_size", "shuffle", "schedule"].map((name) => [`training.${name}`, full]));
}

/** Settings that most people leave alone, folded away. */
export function group(title, elements, part) {
  return el("details", { class: "more", data: { part } }, el("summary", { text: title }), ...elements);
}
