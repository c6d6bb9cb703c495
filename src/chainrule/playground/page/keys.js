/** Single keys for the run. They never act while somebody types or where an element has the key for itself. */

import { typing } from "./dom.js";
import { kept, keep } from "./kept.js";

const OWN_SPACE = "button, summary, a[href], input, select, [role=slider]";
const OWN_ARROWS = "input, select, [role=tab], [role=slider]";

/** Whether single keys are on; the reader can switch them off. */
export function keysOn() {
  return kept("keys") !== "off";
}

export function switchKeys(on) {
  keep("keys", on ? "on" : "off");
}

/**
 * @param {App} app
 * @param {Object} run the run bar
 */
export function listen(app, run) {
  const acts = {
    " ": () => run.toggle(),
    ArrowRight: () => run.step(),
    ArrowLeft: () => run.back(),
    r: () => run.reset(),
    R: () => run.newWeights(),
    n: () => run.newData(),
    "?": () => app.emit("open-part", "help"),
  };
  for (let at = 0; at < 9; at += 1) acts[String(at + 1)] = () => run.pacing(at);
  document.addEventListener("keydown", (event) => {
    const act = acts[event.key];
    if (!act || !app.state.describe || !free(event)) return;
    event.preventDefault();
    act();
  });
}

function free(event) {
  const { target, key } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !keysOn()) return false;
  if (typing(target) || document.querySelector("dialog[open]")) return false;
  if (key === " ") return !target.closest(OWN_SPACE);
  return !(key.startsWith("Arrow") && target.closest(OWN_ARROWS));
}
