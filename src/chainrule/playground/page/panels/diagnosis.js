/** What is wrong with the training, or right, in words: the findings of the library's diagnosis with their evidence. */

import { button, el, fill, short } from "../dom.js";
import { views } from "../strings/views.js";

const WORDS = views.diagnosis;

/** @param {App} app */
export function create(app) {
  const diagnosis = new Diagnosis(app);
  return {
    element: diagnosis.element,
    title: WORDS.title,
    changed: (reply) => (reply.changed.includes("network") || reply.changed.includes("data")) && diagnosis.drop(),
  };
}

class Diagnosis {
  constructor(app) {
    this.app = app;
    this.ask = button(WORDS.ask, () => this.compute());
    this.told = el("p", { class: "view-note", role: "status" });
    this.body = el("div", { class: "findings" });
    this.element = el(
      "div",
      { class: "view" },
      el("p", { class: "view-note", text: WORDS.lead }),
      this.ask,
      this.told,
      this.body,
    );
  }

  drop() {
    this.body.replaceChildren();
    this.told.textContent = "";
  }

  async compute() {
    this.ask.disabled = true;
    this.told.textContent = WORDS.computing;
    const found = await this.app.act("diagnosis");
    this.ask.disabled = false;
    if (!found) return this.drop();
    this.told.textContent = fill(found.healthy ? WORDS.healthy : WORDS.found, {
      n: found.findings.length,
      epoch: this.app.state.status.epoch,
    });
    const list = found.findings.map((finding) => this.#finding(finding));
    const rest = [
      ["passed", found.passed],
      ["unchecked", found.unchecked],
    ]
      .filter(([, names]) => names?.length)
      .map(([kind, names]) => this.#names(kind, names));
    this.body.replaceChildren(...list, ...rest);
  }

  #finding({ title, severity, evidence, numbers, word, advice }) {
    const mark = el("span", { class: `severity ${severity}`, text: WORDS.severities[severity] });
    const told = Object.entries(numbers ?? {}).map(
      ([name, value]) => `${name}: ${typeof value === "number" ? short(value, 4) : plain(value)}`,
    );
    const words = (advice ?? []).map((one) =>
      el(
        "li",
        {},
        one.parameter ? el("code", { text: one.parameter }) : null,
        one.parameter ? ": " : "",
        one.change ?? String(one),
      ),
    );
    return el(
      "section",
      { class: "finding" },
      el("h4", {}, mark, " ", title),
      el("p", { text: plain(evidence) }),
      word ? el("p", { class: "view-note", text: plain(word) }) : null,
      told.length
        ? el(
            "details",
            {},
            el("summary", { text: WORDS.numbers }),
            el(
              "ul",
              {},
              told.map((text) => el("li", { text })),
            ),
          )
        : null,
      words.length ? el("div", {}, el("strong", { text: WORDS.advice }), el("ul", {}, words)) : null,
    );
  }

  #names(kind, names) {
    const items = names.map((one) =>
      el("li", {
        text: typeof one === "string" ? one : [one.title ?? one.key, one.reason ?? one.evidence].filter(Boolean).join(": "),
      }),
    );
    return el("details", {}, el("summary", { text: fill(WORDS[kind], { n: names.length }) }), el("ul", {}, items));
  }
}

function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return value !== null && typeof value === "object" ? Object.values(value).map(plain).join(" ") : String(value ?? "");
}
