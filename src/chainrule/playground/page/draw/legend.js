/** Legends: a sign with its name, and bars of colour with their numbers. */

import { el, short } from "../dom.js";
import { sample } from "./colours.js";

/** A sign of that colour and its name. */
export function key(colour, sign, name) {
  const mark = el("span", { class: "key-mark", "aria-hidden": "true", text: sign });
  mark.style.color = colour;
  return el("span", { class: "key" }, mark, name);
}

/** A piece of line as the curves have it, and its name. */
export function lineKey(colour, dashes, name) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "line");
  for (const [attribute, value] of Object.entries({ width: 30, height: 10, "aria-hidden": "true", class: "key-line" })) {
    picture.setAttribute(attribute, value);
  }
  const look = {
    x1: 1,
    y1: 5,
    x2: 29,
    y2: 5,
    stroke: colour,
    "stroke-width": 2.5,
    "stroke-dasharray": dashes.join(" ") || "none",
  };
  for (const [attribute, value] of Object.entries(look)) line.setAttribute(attribute, value);
  picture.append(line);
  return el("span", { class: "key" }, picture, name);
}

/**
 * A bar of colours with the numbers at its ends and in the middle.
 * @param {Scale} scale
 * @param {string} title
 * @param {number[]} [shown] the numbers, where the scale is not even
 */
export function bar(scale, title, shown = [scale.low, (scale.low + scale.high) / 2, scale.high]) {
  const colours = Array.from({ length: 17 }, (_, at) => sample(scale.kind, at / 16));
  const strip = el("span", { class: "bar-strip", "aria-hidden": "true" });
  strip.style.background = `linear-gradient(to right, ${colours.join(", ")})`;
  const numbers = shown.map((value) => el("span", { text: short(value, 2) }));
  return el(
    "span",
    { class: "bar" },
    el("span", { class: "bar-title", text: title }),
    el("span", { class: "bar-scale" }, strip, el("span", { class: "bar-numbers" }, numbers)),
  );
}
