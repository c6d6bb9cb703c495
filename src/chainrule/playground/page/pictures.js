/** A picture of the page as a PNG file: canvases as they are, SVGs with the looks they have here. */

import { download } from "./dom.js";

const SCALE = 2;
const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "dominant-baseline", "visibility", "display"];

/** @param {Element} source canvas, SVG, or an element that holds canvases and SVGs above one another */
export async function savePicture(source, name) {
  const box = source.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.ceil(box.width * SCALE), Math.ceil(box.height * SCALE)];
  const pen = canvas.getContext("2d");
  pen.fillStyle = document.documentElement.dataset.theme === "dark" ? "#1c1f23" : "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const parts = source.matches("canvas, svg") ? [source] : [...source.querySelectorAll("canvas, svg")];
  for (const part of parts.filter((one) => one.checkVisibility())) {
    const place = part.getBoundingClientRect();
    const image = part instanceof HTMLCanvasElement ? part : await drawn(part, place);
    pen.drawImage(image, (place.x - box.x) * SCALE, (place.y - box.y) * SCALE, place.width * SCALE, place.height * SCALE);
  }
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  download(`${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-")}.png`, "image/png", blob);
}

async function drawn(svg, { width, height }) {
  const copy = svg.cloneNode(true);
  const pairs = [[svg, copy], ...[...svg.querySelectorAll("*")].map((one, at) => [one, copy.querySelectorAll("*")[at]])];
  for (const [one, other] of pairs) {
    const looks = getComputedStyle(one);
    for (const look of LOOKS) other.setAttribute(look, looks.getPropertyValue(look));
    other.removeAttribute("class");
    other.removeAttribute("style");
  }
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width * SCALE);
  copy.setAttribute("height", height * SCALE);
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  URL.revokeObjectURL(address);
  return image;
}
