/** How the page looks and behaves: colours, large type, single-letter keys, what is hidden for the class. */

import { button, copied, el, fresh } from "../dom.js";
import { hide } from "../hide.js";
import { keysOn, switchKeys } from "../keys.js";
import { keep, kept } from "../kept.js";
import { writeHash } from "../state.js";

const THEMES = ["auto", "light", "dark"];

export function create(app) {
  const words = app.strings.settings;
  const theme = themes(words);
  const lecture = flag(words.lecture, document.documentElement.hasAttribute("data-lecture"), (on) => {
    document.documentElement.toggleAttribute("data-lecture", on);
    app.page.lecture = on;
    dispatchEvent(new Event("resize"));
    link();
  });
  const keys = flag(words.keys, keysOn(), switchKeys);
  const field = el("input", { type: "text", readOnly: true, "aria-label": words.link });
  const link = () => {
    field.value = location.origin + location.pathname + writeHash(bare(location.hash), app.page);
    history.replaceState(history.state, "", field.value);
  };
  const parts = Object.entries(words.parts).map(([name, title]) => flag(title, app.page.hide.includes(name), (on) => {
    app.page.hide = on ? [...app.page.hide, name] : app.page.hide.filter((one) => one !== name);
    hide(app.page.hide);
    app.watch();
    link();
  }));
  const embed = flag(words.embed, app.page.embed, (on) => {
    document.documentElement.toggleAttribute("data-embed", on);
    app.page.embed = on;
    link();
  });
  app.on("opened-part", (name) => {
    if (name !== "settings") return;
    field.value = location.href;
    status.textContent = "";
  });
  const { copy: copyText, copied: done, notCopied } = app.strings.keep;
  const status = el("p", { class: "about", role: "status" });
  const copy = button(copyText, async () => {
    field.select();
    status.textContent = (await copied(field.value)) ? done : notCopied;
  });
  const element = el("div", { class: "dialog-body" }, theme, lecture, keys, el("p", { class: "about", text: words.keysNote }),
    el("fieldset", { class: "items" }, el("legend", { text: words.hide }), el("p", { class: "about", text: words.hideNote }), el("div", { class: "chips" }, ...parts), embed),
    el("div", { class: "pair" }, el("span", { text: words.link }), field, copy), status);
  return { element, title: words.title };
}

function themes(words) {
  const name = fresh("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = kept("theme") ?? "auto";
    document.documentElement.dataset.theme = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
  };
  apply();
  dark.addEventListener("change", apply);
  const inputs = THEMES.map((theme) => {
    const input = el("input", { type: "radio", name, value: theme, checked: (kept("theme") ?? "auto") === theme });
    input.addEventListener("change", () => {
      keep("theme", theme);
      apply();
    });
    return el("label", {}, input, el("span", { text: words.themes[theme] }));
  });
  return el("fieldset", {}, el("legend", { text: words.theme }), el("div", { class: "segments" }, ...inputs));
}

function flag(text, checked, put) {
  const input = el("input", { type: "checkbox", checked });
  input.addEventListener("change", () => put(input.checked));
  return el("label", { class: "check" }, input, el("span", { text }));
}

/** The hash without the page's own keys, which are written anew. */
function bare(hash) {
  return hash.replace(/^#/, "").split("&").filter((pair) => !/^(hide|embed|lecture)=/.test(pair)).join("&");
}
