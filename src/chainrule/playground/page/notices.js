/**
 * What went wrong and what was repaired: beside the field it concerns, or at the top of the page; never lost, never in the way.
 */

import { button, el, fresh, fill } from "./dom.js";

/** Make the places for errors, notes, and a lost line. */
export function buildNotices(app) {
  const box = document.querySelector("#notices");
  const alerts = document.querySelector("#alerts");
  app.on("failed", ({ text, field }) => {
    const place = field ? nearest(field) : null;
    if (place) beside(place, text);
    else box.append(notice(app, "error", text));
    alerts.textContent = text;
  });
  app.on("changed", () => {
    for (const message of document.querySelectorAll(".field-error")) clear(message);
  });
  app.on("notes", (told) => showNotes(app, box, told));
  let shown = "null";
  app.on("changed", ({ status }) => {
    const stopped = JSON.stringify(status?.stopped ?? null);
    if (stopped !== shown) showStopped(app, box, JSON.parse(stopped));
    shown = stopped;
  });
  app.on("lost", ({ again }) => showLost(app, box, again));
  app.on("found", () => box.querySelector(".lost")?.remove());
}

/** The control of a field, or of the branch it belongs to. */
function nearest(field) {
  for (let path = field; path; path = path.slice(0, Math.max(0, path.lastIndexOf(".")))) {
    const found = [...document.querySelectorAll(`[data-field="${CSS.escape(path)}"]`)].find((element) => element.checkVisibility());
    if (found) return found;
  }
  return null;
}

function putBeside({ field, text }) {
  const place = field ? nearest(field) : null;
  if (place) beside(place, text, "field-note");
  return Boolean(place);
}

function beside(place, text, kind = "") {
  const old = place.querySelector(":scope > .field-error");
  if (old) clear(old);
  const message = el("p", { class: `field-error ${kind}`, id: fresh("error"), text });
  place.append(message);
  for (const input of place.querySelectorAll("input, select, textarea")) {
    if (!kind) input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", message.id);
  }
}

function clear(message) {
  for (const input of document.querySelectorAll(`[aria-describedby="${message.id}"]`)) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  message.remove();
}

function notice(app, kind, text, ...more) {
  const whole = el("div", { class: `notice ${kind}`, data: { text } }, el("p", { text }), ...more);
  whole.append(button(app.strings.dismiss, () => whole.remove(), { class: "plain", icon: "cross" }));
  return whole;
}

// Milliseconds a note stays at least, whatever is done next.
const READING = 6000;

/** The notes of the last action; those of the one before are gone, unless the reader has still to see them. */
function showNotes(app, box, { notes, beside: near }) {
  const told = notes.filter(({ level }) => level !== "info");
  if (told.length) app.say(told.map(({ text }) => text).join(" "));
  // What was changed by hand is answered there; a link or a file is answered at the top, for its fields are everywhere.
  const seen = told.filter((note) => !(near && putBeside(note)));
  const old = box.querySelector(".notes");
  if (seen.length || performance.now() - Number(old?.dataset.since) > READING) old?.remove();
  if (!seen.length) return;
  const list = el("ul", {}, ...seen.map(({ field, text }) => el("li", {}, field ? el("code", { text: `${field}: ` }) : null, text)));
  const whole = notice(app, "notes warning", app.strings.notes, list);
  whole.dataset.since = performance.now();
  box.append(whole);
}

function showStopped(app, box, stopped) {
  box.querySelector(".stopped")?.remove();
  if (!stopped) return;
  const bad = stopped.kind === "diverged" || stopped.kind === "growing";
  const advice = el("ul", {}, ...(stopped.advice ?? []).map((text) => el("li", { text })));
  const undo = bad && app.state.status.can_back?.epoch ? button(app.strings.run.stepBack, () => app.act("back", { what: "epoch", count: 1 })) : null;
  const on = stopped.kind === "growing" ? button(app.strings.run.goOn, () => goOn(app, box)) : null;
  box.append(notice(app, `stopped ${bad ? "error" : "good"}`, stopped.text, advice, undo, on));
  if (bad) document.querySelector("#alerts").textContent = stopped.text;
  else app.say(stopped.text);
}

async function goOn(app, box) {
  box.querySelector(".stopped")?.remove();
  if (await app.act("proceed")) app.emit("play");
}

function showLost(app, box, again) {
  box.querySelector(".lost")?.remove();
  const text = again ? app.strings.lost.again : app.strings.lost.gone;
  const retry = button(app.strings.lost.retry, () => app.transport.retry());
  box.prepend(el("div", { class: "notice error lost" }, el("p", { text: fill(text, { place: location.host }) }), retry));
  document.querySelector("#alerts").textContent = text;
}
