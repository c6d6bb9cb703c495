/**
 * Colours of the pictures, light and dark. Colour never stands alone: classes have shapes, curves and signs have dashes.
 *
 * Classes: Okabe and Ito's palette (jfly.uni-koeln.de/color). Signed numbers: PuOr of ColorBrewer (colorbrewer2.org), orange below
 * zero and purple above, the middle taking the colour of the page. Other numbers: viridis of matplotlib.
 */

/** The shape of each class, in the order of the classes. */
export const SHAPES = ["circle", "triangle", "square", "diamond", "down", "plus", "cross", "star"];
const CLASSES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442"];
const VIRIDIS = [
  "#440154 #471365 #482475 #463480 #414487 #3b528b #355f8d #2f6c8e #2a788e #25848e #21918c",
  "#1e9c89 #22a884 #2fb47c #44bf70 #5ec962 #7ad151 #9bd93c #bddf26 #dfe318 #fde725",
].flatMap((part) => part.split(" "));
const PUOR = {
  light: "#b35806 #e08214 #fdb863 #fee0b6 #f7f7f7 #d8daeb #b2abd2 #8073ac #542788".split(" "),
  dark: "#fdb863 #e08214 #a85a10 #5b3514 #1f2227 #37305a #5d5192 #8e82c4 #bdb6e0".split(" "),
};
const INKS = {
  light: {
    paper: "#ffffff",
    ink: "#1b1f24",
    soft: "#545b64",
    line: "#dcddd8",
    halo: "#ffffff",
    plus: "#542788",
    minus: "#b35806",
    mark: "#1d4f91",
    curves: ["#005f95", "#b84a00", "#00734f", "#8f3f6f"],
  },
  dark: {
    paper: "#1c1f23",
    ink: "#e8eaed",
    soft: "#a8afb8",
    line: "#33383e",
    halo: "#0c0d0f",
    plus: "#b9afe8",
    minus: "#fdb863",
    mark: "#8db7f2",
    curves: ["#5cb8f0", "#ff9b5c", "#4fd1a5", "#e7a3c8"],
  },
};
/** Dashes of curves, in the order of `scheme().curves`. */
export const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
const LEVELS = 256;
// How far a class's colour covers the page where it is certain: points of that colour must still stand out.
const COVER = { light: 0.52, dark: 0.5 };

let present = null;
const watchers = new Set();

/**
 * The colours of the present theme: `paper`, `ink`, `soft`, `line`, `halo`, `plus`, `minus`, `mark`, `curves`, `dark`, `rem` (text size in
 * pixels) and `family`.
 */
export function scheme() {
  present ??= found();
  return present;
}

/** Call `work` when the theme or the size of the text has changed; returns a function that ends it. */
export function onScheme(work) {
  if (watchers.size === 0) listen();
  watchers.add(work);
  return () => watchers.delete(work);
}

/** The colour of a class by its number; from the ninth on they come again, with other shapes. */
export function classColour(place) {
  const colours = [...CLASSES, scheme().dark ? "#ffffff" : "#000000"];
  return colours[place % colours.length];
}

/** The shape of a class by its number. */
export function classShape(place) {
  const turn = Math.floor(place / SHAPES.length);
  return SHAPES[(place + 3 * turn) % SHAPES.length];
}

/** Shapes as characters, for texts and legends. */
export function shapeSign(place) {
  return { circle: "●", triangle: "▲", square: "■", diamond: "◆", down: "▼", plus: "✚", cross: "✖", star: "★" }[
    classShape(place)
  ];
}

/**
 * A table of 256 pixels (as ImageData's little-endian words) from the lowest to the highest value.
 * @param {"signed"|"sequential"|"pair"} kind "pair": from class 0 to class 1 of a probability
 * @returns {Uint32Array}
 */
export function pixels(kind) {
  const { tables, name, paper } = scheme();
  if (!tables[kind]) tables[kind] = ramp(stops(kind, name, paper), LEVELS);
  return tables[kind];
}

/** As `pixels`, one table after the other for each of so many classes: from the page's colour to the class's. */
export function classPixels(classes) {
  const { tables, name, paper } = scheme();
  const key = `classes-${classes}`;
  if (!tables[key]) {
    tables[key] = new Uint32Array(classes * LEVELS);
    for (let place = 0; place < classes; place += 1) {
      tables[key].set(ramp([rgb(paper), mixed(rgb(paper), rgb(classColour(place)), COVER[name])], LEVELS), place * LEVELS);
    }
  }
  return tables[key];
}

/** A word of a table as a CSS colour. */
export function css(word) {
  return `rgb(${word & 255} ${(word >> 8) & 255} ${(word >> 16) & 255})`;
}

/** The CSS colour at a share of a table. */
export function sample(kind, share) {
  return css(pixels(kind)[Math.max(0, Math.min(LEVELS - 1, Math.round(share * (LEVELS - 1))))]);
}

function found() {
  const root = getComputedStyle(document.documentElement);
  const ground = [getComputedStyle(document.body).backgroundColor, root.backgroundColor].map(rgb).find((colour) => colour);
  const dark = ground ? luminance(ground) < 0.2 : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = dark ? "dark" : "light";
  return {
    ...INKS[name],
    name,
    dark,
    tables: {},
    rem: parseFloat(root.fontSize) || 16,
    family: getComputedStyle(document.body).fontFamily,
  };
}

function listen() {
  const renew = () => {
    present = null;
    watchers.forEach((work) => work());
  };
  // A frame later: by then the page's style sheets have followed.
  const soon = () => requestAnimationFrame(renew);
  const attributes = { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-lecture"] };
  const observer = new MutationObserver(soon);
  observer.observe(document.documentElement, attributes);
  observer.observe(document.body, attributes);
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
    matchMedia(query).addEventListener("change", soon);
}

function stops(kind, name, paper) {
  if (kind === "signed") return PUOR[name].map(rgb);
  if (kind === "sequential") return VIRIDIS.map(rgb);
  const ground = rgb(paper);
  return [mixed(ground, rgb(CLASSES[0]), COVER[name]), ground, mixed(ground, rgb(CLASSES[1]), COVER[name])];
}

function ramp(colours, size) {
  const table = new Uint32Array(size);
  for (let at = 0; at < size; at += 1) {
    const place = (at / (size - 1)) * (colours.length - 1);
    const low = Math.min(colours.length - 2, Math.floor(place));
    const [red, green, blue] = mixed(colours[low], colours[low + 1], place - low).map(Math.round);
    table[at] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
  return table;
}

function mixed(one, other, share) {
  return one.map((part, at) => part + share * (other[at] - part));
}

/** Red, green and blue of "#rrggbb" or "rgb(...)"; null for what cannot be seen. */
function rgb(text) {
  if (text.startsWith("#")) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  const [red, green, blue, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return blue === undefined || alpha === 0 ? null : [red, green, blue];
}

function luminance(colour) {
  const [red, green, blue] = colour.map((part) =>
    part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
