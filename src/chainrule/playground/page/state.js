/**
 * What the page knows: the newest description of the session, the newest frame, and the address that says the same in readable keys.
 */

const OWN = ["hide", "embed", "lecture"];

/** The store. The server's word is final: nothing here is guessed ahead of a reply. */
export class State {
  constructor() {
    this.describe = null;
    this.options = null;
    this.presets = [];
    /** Whether the server was started with data or a model of the user's own. */
    this.own = false;
    /** The file given to this page: {name, raw, digest}; other sessions of the page need it again. */
    this.file = null;
    /** The file that a link needs and that was not given yet: {name, digest, changes}. */
    this.pending = null;
    /** The newest frame. */
    this.frame = null;
    this.playing = false;
    /** What a click on the map does: null (select), "paint" or "erase". */
    this.tool = null;
    /** The row number that explanations are about; null = the server's choice. */
    this.frozen = null;
  }

  get setup() {
    return this.describe?.setup ?? null;
  }

  get status() {
    return this.describe?.status ?? null;
  }

  get data() {
    return this.describe?.data ?? null;
  }

  get network() {
    return this.describe?.network ?? null;
  }

  /** Take the answer to "open". */
  opened({ describe, options, presets, own }) {
    Object.assign(this, { describe, options, presets, own, frame: null, frozen: null });
  }

  /** Take the answer to an action. */
  take(reply) {
    for (const part of ["status", "setup", "data", "network", "notes"]) {
      if (part in reply) this.describe[part] = reply[part];
    }
  }

  /** Take a frame. */
  see(frame) {
    this.frame = frame;
    if (frame.header.status) this.describe.status = frame.header.status;
  }

  /** The setup's value at a field path, such as "training.learning_rate". */
  at(field) {
    return read(this.setup, field);
  }
}

/** The value at a field path. */
export function read(plain, field) {
  return field.split(".").reduce((branch, key) => branch?.[key], plain);
}

/** The fields in which two setups differ, as one `change`: {path: wanted value}. Lists count as one value. */
export function difference(from, to, path = "") {
  const changes = {};
  for (const key of Object.keys(to ?? {})) {
    const field = path ? `${path}.${key}` : key;
    const [old, wanted] = [from?.[key], to[key]];
    if (JSON.stringify(old) === JSON.stringify(wanted)) continue;
    if (branch(old) && branch(wanted) && !("name" in wanted && old.name !== wanted.name)) {
      Object.assign(changes, difference(old, wanted, field));
    } else changes[field] = wanted;
  }
  return changes;
}

function branch(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/**
 * What the address asks for.
 * @param {Location} place
 * @returns {{given: string|null, hide: string[], embed: boolean, lecture: boolean}} `given` is the hash for the server
 */
export function readAddress(place) {
  const own = new URLSearchParams(place.search);
  const kept = [];
  for (const pair of place.hash.replace(/^#/, "").split("&").filter(Boolean)) {
    const [key, value = ""] = pair.split("=");
    if (OWN.includes(key)) own.set(key, decodeURIComponent(value));
    else kept.push(pair);
  }
  const yes = (key) => ["1", "true", ""].includes(own.get(key) ?? "0");
  return {
    given: kept.length ? whole(kept.join("&")) : null,
    hide: (own.get("hide") ?? "").split(",").map((part) => part.trim()).filter(Boolean),
    embed: yes("embed"),
    lecture: yes("lecture"),
  };
}

/** A hash of playground.tensorflow.org, put behind this page's address, is opened as the link that it was. */
function whole(hash) {
  const theirs = !/(^|&)v=/.test(hash) && /(^|&)(networkShape|dataset|regDataset|percTrainData)=/.test(hash);
  return `${theirs ? "https://playground.tensorflow.org/" : ""}#${hash}`;
}

/** The hash text with the page's own keys, as it stands in the address. */
export function writeHash(hash, { hide, embed, lecture }) {
  const own = [];
  if (hide.length) own.push(`hide=${hide.map(encodeURIComponent).join(",")}`);
  if (embed) own.push("embed=1");
  if (lecture) own.push("lecture=1");
  return `#${[hash.replace(/^#/, ""), ...own].filter(Boolean).join("&")}`;
}

/** The history of the address: what a person did can be undone with Back. */
export class Address {
  /**
   * @param {Object} page what the address says about the page itself
   * @param {(setup: Object) => void} undo called with the setup to go back to
   * @param {(given: string|null) => void} open called with an address that somebody typed or pasted
   */
  constructor(page, undo, open) {
    this.page = page;
    addEventListener("popstate", (event) => {
      if (event.state?.setup) undo(event.state.setup);
      else open(readAddress(location).given);
    });
  }

  /** Write down where the session is; a new entry of the history only if it really differs. */
  write(hash, setup, push) {
    const text = writeHash(hash, this.page);
    const same = JSON.stringify(history.state?.setup) === JSON.stringify(setup);
    if (same && text === location.hash) return;
    const entry = [{ setup }, "", text];
    if (push && history.state?.setup) history.pushState(...entry);
    else history.replaceState(...entry);
  }
}

/** Names and their handlers. */
export class Events {
  #handlers = new Map();

  on(name, handler) {
    if (!this.#handlers.has(name)) this.#handlers.set(name, new Set());
    this.#handlers.get(name).add(handler);
    return () => this.#handlers.get(name).delete(handler);
  }

  emit(name, detail) {
    for (const handler of this.#handlers.get(name) ?? []) {
      try {
        handler(detail);
      } catch (error) {
        console.error(`while "${name}" was handled`, error);
      }
    }
  }
}
