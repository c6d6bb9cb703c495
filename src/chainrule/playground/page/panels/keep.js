/** Keep and share: a link, files of every kind, pictures; open a link or a file again. */

import { button, copied, download, el, fill } from "../dom.js";
import { saveCanvas } from "../draw/canvas.js";

const KINDS = ["code", "numpy", "model", "points", "log", "setup"];

export function create(app) {
  const words = app.strings.keep;
  const status = el("p", { class: "about", role: "status" });
  const link = linkPart(app, words, status);
  const pictures = el("ul", { class: "items plain-rows" });
  const element = el("div", { class: "dialog-body" },
    link.element, openPart(app, words, status), exportPart(app, words, status),
    el("section", { class: "items" }, el("h3", { text: words.pictures }), el("p", { class: "about", text: words.picturesNote }), pictures),
    status);
  app.on("opened-part", (name) => {
    if (name !== "keep") return;
    status.textContent = "";
    link.show();
    listPictures(app, words, pictures, status);
  });
  return { element, title: words.title };
}

function linkPart(app, words, status) {
  const field = el("input", { type: "text", readOnly: true, "aria-label": words.link });
  const note = el("p", { class: "about" });
  const copy = button(words.copy, async () => {
    field.select();
    status.textContent = (await copied(field.value)) ? words.copied : words.notCopied;
  });
  const element = el("section", { class: "items" }, el("h3", { text: words.link }), el("div", { class: "pair" }, field, copy), note);
  const show = () => {
    field.value = location.href;
    const { setup } = app.state;
    const told = { table: fill(words.linkFile, setup.data), points: words.linkPainted }[setup.data.source];
    note.textContent = [words.linkNote, told].filter(Boolean).join(" ");
  };
  return { element, show };
}

function openPart(app, words, status) {
  const field = el("input", { type: "text", "aria-label": words.openLink, placeholder: "https://playground.tensorflow.org/#…", data: { field: "link" } });
  const file = el("input", { type: "file", accept: ".json,application/json", class: "unseen", tabIndex: -1, "aria-hidden": "true" });
  const opened = async (given) => {
    try {
      await app.open(given);
      status.textContent = words.opened;
      document.querySelector("#keep").close();
    } catch (error) {
      status.textContent = error.message;
    }
  };
  const go = () => {
    const text = field.value.trim();
    if (/[#=]/.test(text)) opened(text);
    else status.textContent = text ? words.notLink : "";
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") go();
  });
  const read = async (one) => {
    const setup = parsed(await one.text());
    if (setup) await opened(setup);
    else app.emit("failed", { text: (status.textContent = fill(words.notJson, { name: one.name })), field: null });
  };
  file.addEventListener("change", () => {
    if (file.files[0]) read(file.files[0]);
    file.value = "";
  });
  app.on("settings-file", read);
  return el("section", { class: "items" }, el("h3", { text: words.open }),
    el("div", { class: "pair" }, field, button(words.openNow, go)),
    el("div", { class: "pair" }, button(words.openFile, () => file.click()), file));
}

/** A setup read from a file's text; null if it is none. */
function parsed(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === "object" && !Array.isArray(found) ? (found.setup ?? found) : null;
  } catch {
    return null;
  }
}

function exportPart(app, words, status) {
  const rows = KINDS.map((kind) => {
    const [title, about] = words.kinds[kind];
    return el("li", {}, button(title, () => save(app, kind, status), { data: { kind } }), el("span", { class: "about", text: about }));
  });
  return el("section", { class: "items" }, el("h3", { text: words.export }), el("ul", { class: "items plain-rows" }, ...rows));
}

async function save(app, kind, status) {
  try {
    const made = await app.do("export", { kind });
    const { name, type } = made.header ?? made;
    download(name, type, made.arrays ? made.arrays.bytes : made.text);
    status.textContent = fill(app.strings.keep.saved, { name });
  } catch (error) {
    status.textContent = error.message;
  }
}

function listPictures(app, words, list, status) {
  const found = [...document.querySelectorAll("figure.picture canvas")].filter((one) => one.checkVisibility());
  list.replaceChildren(...found.map((one) => {
    const name = one.getAttribute("aria-label").split(/[.:(]/)[0];
    return el("li", {}, button(fill(words.savePicture, { name }), async () => {
      await saveCanvas(one, name);
      status.textContent = fill(words.saved, { name });
    }));
  }));
  list.parentElement.hidden = !found.length;
}
