/** The run bar: play, pause, steps forward and back, speed, the three ways to start again, and when to stop. */

import { Bound } from "../controls.js";
import { button, count, el, explained, fill, icon, short } from "../dom.js";
import { listen } from "../keys.js";

/** Epochs a second; null is full speed. The keys 1 to 9. */
const SPEEDS = [1, 2, 5, 10, 30, 100, 300, 1000, null];
const STEPS = ["sample", "batch", "epoch"];
/** What the numbers of the read-out are called by those who explain them. */
const METRICS = { train: "train_loss", test: "test_loss", score: "test_score" };
const UNTIL = ["epochs", "train_loss", "test_loss", "score", "seconds", "patience"];

export function create(app) {
  const bar = new RunBar(app);
  listen(app, bar);
  return {
    element: bar.element,
    title: app.strings.run.title,
    wanted: () => ({ metrics: true }),
    frame: (frame) => bar.read(frame),
    changed: (reply) => bar.changed(reply),
  };
}

class RunBar {
  constructor(app) {
    this.app = app;
    this.words = app.strings.run;
    this.speed = null;
    /** The newest frame's numbers and when they held: an epoch beside another epoch's loss would be a lie. */
    this.moment = null;
    this.#make();
    this.bound = new Bound(app);
    app.on("opened", () => this.#until());
    app.on("play", () => this.play());
    app.on("failed", () => this.#face());
  }

  #make() {
    const words = this.words;
    this.playButton = button(words.play, () => this.toggle(), { class: "primary play", icon: "play", title: words.playKey });
    this.backButton = button(words.back, () => this.back(), { icon: "back", title: words.backKey, class: "backward" });
    this.stepButton = button(words.step, () => this.step(), { icon: "step", title: words.stepKey, class: "forward" });
    this.what = select(words.what, STEPS.map((name) => [name, words[name]]), "epoch");
    this.what.addEventListener("change", () => this.#face());
    this.pace = select(words.speed, SPEEDS.map((speed, at) => [at, speedText(words, speed)]), String(SPEEDS.length - 1));
    this.pace.addEventListener("change", () => this.pacing(Number(this.pace.value)));
    const again = el("div", { class: "group again", role: "group" },
      button(words.reset, () => this.reset(), { icon: "reset", title: words.resetKey, data: { part: "reset" } }),
      button(words.weights, () => this.newWeights(), { icon: "dice", title: words.weightsKey, data: { part: "new_weights" } }),
      button(words.newData, () => this.newData(), { icon: "dice", title: words.newDataKey, data: { part: "new_data" } }));
    this.more = el("details", { class: "until" }, el("summary", { text: words.more }));
    this.facts = el("p", { class: "facts" });
    this.element = el("div", { class: "run" },
      el("div", { class: "run-first" },
        el("div", { class: "group", role: "group" }, this.backButton, this.playButton, this.stepButton, this.what), this.#readout()),
      el("div", { class: "run-more" }, labelled(words.speed, this.pace), again, el("div", { class: "second" }, this.facts, this.more)));
  }

  #readout() {
    const words = this.words;
    this.numbers = {};
    const cells = [["epoch", words.epochs], ["train", words.train], ["test", words.test], ["score", words.score.accuracy]];
    return el("dl", { class: "readout" }, ...cells.map(([name, title]) => {
      const term = el("dt", { text: title });
      const metric = METRICS[name];
      const value = metric ? explained(this.app, "–", () => ({ kind: "metric", name: metric }), { class: "plain", title: words.explain }) : el("span", { text: "–" });
      this.numbers[name] = { term, value };
      return el("div", {}, term, el("dd", { data: { number: name } }, value));
    }));
  }

  #until() {
    this.bound = new Bound(this.app);
    const fields = this.bound.elements(...UNTIL.map((name) => `run.until.${name}`));
    this.more.replaceChildren(this.more.firstChild, el("div", { class: "until-fields" }, el("p", { text: this.words.untilLead }), ...fields));
    this.bound.show();
  }

  read(frame) {
    const { metrics, status } = frame.header;
    if (metrics) this.moment = { metrics, status };
    this.#numbers();
  }

  changed() {
    this.bound.show();
    this.#numbers();
  }

  #numbers() {
    const { status, data } = this.app.state;
    const { numbers, words } = this;
    const { metrics, status: then } = this.moment ?? { status };
    const within = then.batch ? fill(words.within, then) : "";
    numbers.epoch.value.textContent = count(then.epoch);
    numbers.epoch.value.title = within;
    numbers.epoch.term.textContent = within ? `${words.epochs}, ${within}` : words.epochs;
    numbers.train.value.textContent = short(metrics?.train_loss);
    numbers.test.value.textContent = short(metrics?.test_loss);
    numbers.score.term.textContent = words.score[metrics?.score] ?? words.score.accuracy;
    numbers.score.value.textContent = short(metrics?.test_score);
    this.facts.textContent = [
      fill(words.rate, { epochs: count(status.epochs_per_second), rows: count(status.rows_per_second) }),
      fill(words.seconds, { seconds: short(status.seconds) }),
      fill(words.weightSeed, { seed: this.app.state.at("network.seed") }),
      fill(words.dataSeed, { seed: data.seed ?? this.app.state.at("data.seed") }),
    ].join(" · ");
    this.#face();
  }

  #face() {
    const { status, playing } = this.app.state;
    const name = playing ? "pause" : "play";
    if (this.playButton.dataset.face !== name) {
      this.playButton.dataset.face = name;
      this.playButton.replaceChildren(icon(name), el("span", { class: "face", text: this.words[name] }));
    }
    document.body.dataset.running = playing ? "playing" : (status?.state ?? "ready");
    const back = status?.can_back?.[this.#back()];
    allow(this.backButton, back, this.words.noBack, this.words.backKey);
  }

  #back() {
    return this.what.value === "epoch" ? "epoch" : "batch";
  }

  toggle() {
    return this.app.state.playing ? this.pause() : this.play();
  }

  async play() {
    if (await this.app.act("play", { speed: SPEEDS[Number(this.pace.value)] })) this.app.say(this.words.playing);
    this.#face();
  }

  async pause() {
    await this.app.act("pause");
    this.#face();
    this.tell(this.words.paused);
  }

  async step() {
    if (this.app.state.playing) await this.app.act("pause");
    if (await this.app.act("step", { what: this.what.value })) this.tell();
  }

  async back() {
    if (this.backButton.getAttribute("aria-disabled") === "true") return this.app.say(this.words.noBack);
    if (this.app.state.playing) await this.app.act("pause");
    const done = await this.app.act("back", { what: this.#back(), count: 1 });
    return done && this.tell(fill(this.words.wentBack, done.status));
  }

  reset() {
    return this.app.act("reset");
  }

  newWeights() {
    return this.app.act("new_weights");
  }

  newData() {
    return this.app.act("new_data");
  }

  /** Choose a speed by its place in the list. */
  pacing(at) {
    if (at < 0 || at >= SPEEDS.length) return;
    this.pace.value = String(at);
    if (this.app.state.playing) this.play();
    else this.app.say(speedText(this.words, SPEEDS[at]));
  }

  /** Say what a glance at the read-out shows, once the newest frame is there. */
  tell(first = "") {
    const off = this.app.on("frame", () => {
      off();
      const { metrics, status } = this.moment;
      const values = {
        epoch: status.epoch, train: short(metrics.train_loss), test: short(metrics.test_loss),
        score: this.words.score[metrics.score] ?? "", value: short(metrics.test_score), boundary: metrics.boundary ?? "",
      };
      this.app.say(`${first} ${fill(this.words.spoken, values)}`.trim());
    });
  }
}

function select(label, entries, value) {
  const input = el("select", { "aria-label": label }, ...entries.map(([name, text]) => el("option", { value: name, text })));
  input.value = value;
  return input;
}

function labelled(text, input) {
  return el("label", { class: "pace" }, el("span", { text }), input);
}

function speedText(words, speed) {
  if (speed === null) return words.full;
  return fill(speed === 1 ? words.slowest : words.speeds, { n: speed });
}

/** A button that cannot act now stays reachable and says why. */
function allow(target, ok, why, title) {
  target.setAttribute("aria-disabled", String(!ok));
  target.title = ok ? title : why;
}
