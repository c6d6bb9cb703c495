/** One forward pass, one backward pass and one update in slow motion: a step at a time, marked in the diagram. */

import { button, calm, el, fill, fresh } from "../dom.js";
import { networkOf } from "../draw/weights.js";
import { views } from "../strings/views.js";
import { stepBox, whatIs, worth } from "./steps.js";

const WORDS = views.slow;
const PAUSE = 1600;

/** @param {App} app */
export function create(app) {
  const slow = new Slow(app);
  return {
    element: slow.element,
    title: WORDS.title,
    changed: (reply) => ["weights", "network", "data"].some((part) => reply.changed.includes(part)) && slow.old(),
  };
}

class Slow {
  constructor(app) {
    Object.assign(this, { app, steps: [], at: 0, timer: 0, marking: false });
    this.build();
    matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", () => this.#face());
  }

  build() {
    this.begin = button(WORDS.begin, () => this.start());
    this.told = el("p", { class: "view-note", role: "status" });
    this.previous = button(WORDS.previous, () => this.go(this.at - 1));
    this.player = button(WORDS.play, () => this.toggle());
    this.next = button(WORDS.next, () => this.go(this.at + 1));
    this.slider = el("input", {
      type: "range",
      min: 0,
      max: 0,
      step: 1,
      value: 0,
      id: fresh("step"),
      "aria-label": WORDS.slider,
      on: { input: () => this.go(Number(this.slider.value)) },
    });
    this.stage = el("h4", { class: "slow-stage" });
    this.card = el("div", { class: "slow-card", "aria-live": "polite", tabIndex: 0, role: "region", "aria-label": WORDS.card });
    this.done = el("ol", { class: "slow-done", "aria-label": WORDS.before });
    this.bar = el(
      "div",
      { class: "view-flags slow-bar", role: "group", "aria-label": WORDS.title, hidden: true },
      this.previous,
      this.player,
      this.next,
      this.slider,
    );
    this.bar.addEventListener("keydown", (event) => this.#key(event));
    this.element = el(
      "div",
      { class: "view" },
      el("p", { class: "view-note", text: WORDS.lead }),
      this.begin,
      this.told,
      this.bar,
      this.stage,
      this.card,
      this.done,
    );
    new ResizeObserver(() => this.seen()).observe(this.element);
  }

  /** What is marked in the diagram is this view's as long as it is seen. */
  seen() {
    const on = this.element.clientHeight > 0 && this.steps.length > 0;
    if (on !== this.marking) this.app.emit("highlight", on ? this.steps[this.at] : null);
    this.marking = on;
  }

  /** The numbers have changed: what is shown was a step of before. */
  old() {
    if (!this.steps.length) return;
    this.#stop();
    this.app.emit("highlight", null);
    this.told.textContent = WORDS.old;
  }

  async start() {
    this.begin.disabled = true;
    if (this.app.state.playing) await this.app.act("pause");
    this.told.textContent = WORDS.computing;
    const found = await this.app.act("slow");
    this.begin.disabled = false;
    this.told.textContent = "";
    if (!found) return;
    this.steps = found.steps;
    this.known = new Map(this.steps.map((step) => [step.id, step]));
    this.slider.max = this.steps.length - 1;
    this.begin.textContent = WORDS.again;
    this.bar.hidden = false;
    this.told.textContent = fill(found.verified ? WORDS.verified : WORDS.unverified, { n: this.steps.length, row: found.row });
    this.#face();
    this.go(0);
    this.next.focus();
  }

  /** Show a step. */
  go(at) {
    if (!this.steps.length) return;
    this.at = Math.max(0, Math.min(this.steps.length - 1, at));
    const step = this.steps[this.at];
    this.slider.value = this.at;
    this.slider.setAttribute("aria-valuetext", fill(WORDS.place, { at: this.at + 1, n: this.steps.length, name: step.name }));
    this.stage.textContent = `${WORDS.stages[step.stage] ?? step.stage} · ${fill(WORDS.count, { at: this.at + 1, n: this.steps.length })}`;
    const given = { known: this.known, network: networkOf(this.app), follow: (id) => this.#follow(id) };
    this.card.replaceChildren(el("p", { class: "step-label here", text: step.name }), stepBox(step, given));
    this.#before();
    this.previous.disabled = this.at === 0;
    this.next.disabled = this.at === this.steps.length - 1;
    if (this.next.disabled) this.#stop();
    this.app.emit("highlight", step);
  }

  // The last few results, so that the eye can go back without the hand.
  #before() {
    const from = Math.max(0, this.at - 5);
    this.done.start = from + 1;
    this.done.replaceChildren(
      ...this.steps.slice(from, this.at).map((step) => el("li", { text: `${step.name} = ${worth(step)}` })),
    );
  }

  #follow(id) {
    const at = this.steps.findIndex((step) => step.id === id);
    if (at >= 0) return this.go(at);
    return this.app.explain(whatIs(id));
  }

  toggle() {
    if (this.timer) return this.#stop();
    if (this.at === this.steps.length - 1) this.go(0);
    this.timer = setInterval(() => (this.element.checkVisibility() ? this.go(this.at + 1) : this.#stop()), PAUSE);
    return this.#face();
  }

  #stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.#face();
  }

  #face() {
    this.player.textContent = this.timer ? WORDS.pause : WORDS.play;
    this.player.disabled = calm();
    this.player.title = calm() ? WORDS.calm : "";
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const to = {
      ArrowRight: this.at + 1,
      ArrowDown: this.at + 1,
      ArrowLeft: this.at - 1,
      ArrowUp: this.at - 1,
      Home: 0,
      End: this.steps.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#stop();
    this.go(to);
  }
}
