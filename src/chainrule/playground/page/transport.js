/**
 * The line to the server: one WebSocket, one session. Requests have numbers and get one answer each; frames come as bytes.
 */

const TYPES = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array, int32: Int32Array };
const PAUSES = [500, 1000, 2000, 4000, 8000];

/**
 * @typedef {Object} Frame
 * @property {Object} header what the server says in words and numbers; NaN and infinity are null
 * @property {Object<string, TypedArray>} arrays views of the message, row by row, each with a property `shape`
 */

/**
 * Read a packed frame. Nothing is copied: the arrays look at the message itself.
 * @param {ArrayBuffer} bytes "CRF1", length of the header, header, blob
 * @returns {Frame}
 */
export function decode(bytes) {
  const view = new DataView(bytes);
  if (bytes.byteLength < 8 || view.getUint32(0, false) !== 0x43524631) throw new Error("not a frame");
  const length = view.getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  const arrays = {};
  for (const { name, dtype, shape, offset } of header.arrays ?? []) {
    const size = shape.reduce((product, side) => product * side, 1);
    arrays[name] = Object.assign(new TYPES[dtype](bytes, 8 + length + offset, size), { shape });
  }
  return { header, arrays };
}

/** What the server refused, with the field it concerns. */
export class Refusal extends Error {
  constructor({ kind, text, field }) {
    super(text);
    this.kind = kind;
    this.field = field ?? null;
  }
}

/** The line is gone; what was asked has no answer. */
export class Lost extends Error {}

/** One socket to the server, reopened when it breaks. */
export class Transport {
  /**
   * @param {Object} handlers
   * @param {(frame: Frame) => void} handlers.live a live frame
   * @param {(message: Object) => void} handlers.event "stopped", "unseen" (a frame could not be made), or a refusal of no request
   * @param {() => void} [handlers.back] the line is there again after it was lost: the session is a new one
   * @param {(waiting: boolean) => void} [handlers.lost] the line broke; whether it is tried again
   */
  constructor(handlers) {
    this.handlers = handlers;
    this.waiting = new Map();
    this.number = 0;
    this.tries = 0;
    this.closed = false;
  }

  /** Open the line; resolves when it stands. */
  connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(`${scheme}//${location.host}/live`);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", (event) => this.#receive(event.data));
    return new Promise((resolve, reject) => {
      this.socket.addEventListener("open", () => {
        this.tries = 0;
        resolve();
      });
      this.socket.addEventListener("close", (event) => {
        reject(new Lost(event.reason || "closed"));
        this.#drop();
      });
    });
  }

  /**
   * Ask for something.
   * @param {string} action
   * @param {Object} [given] its arguments by name
   * @returns {Promise<Object|Frame>}
   */
  ask(action, given = {}) {
    const id = (this.number += 1);
    return this.#promise(id, () => JSON.stringify({ id, do: action, with: given }));
  }

  /** Send a file: a header of JSON, then its bytes as they are. */
  upload(name, raw, changes = null) {
    const id = (this.number += 1);
    return this.#promise(id, () => {
      const header = new TextEncoder().encode(JSON.stringify({ id, do: "upload", name, changes }));
      const message = new Uint8Array(4 + header.length + raw.byteLength);
      new DataView(message.buffer).setUint32(0, header.length, true);
      message.set(header, 4);
      message.set(new Uint8Array(raw), 4 + header.length);
      return message;
    });
  }

  /** Say something that gets no answer. */
  tell(action, given = {}) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ do: action, with: given }));
  }

  /** Hang up for good. */
  close() {
    this.closed = true;
    this.socket?.close();
  }

  #promise(id, message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Lost("not connected"));
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.socket.send(message());
    });
  }

  #receive(data) {
    if (typeof data !== "string") return this.#frame(decode(data));
    const message = JSON.parse(data);
    if (message.event || message.id === null) return this.handlers.event?.(message);
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.error) waiting?.reject(new Refusal(message.error));
    else waiting?.resolve(message.ok);
  }

  #frame(frame) {
    if (frame.header.live) return this.handlers.live?.(frame);
    this.waiting.get(frame.header.id)?.resolve(frame);
    this.waiting.delete(frame.header.id);
  }

  #drop() {
    for (const { reject } of this.waiting.values()) reject(new Lost("closed"));
    this.waiting.clear();
    if (this.closed) return;
    const again = this.tries < PAUSES.length;
    this.handlers.lost?.(again);
    if (again) setTimeout(() => this.retry(), PAUSES[this.tries]);
    this.tries += 1;
  }

  /** Try once more to open the line. */
  async retry() {
    if (this.closed || this.socket.readyState === WebSocket.OPEN) return;
    try {
      await this.connect();
    } catch {
      return; // the closing of the socket has already planned the next try
    }
    this.handlers.back?.();
  }
}
