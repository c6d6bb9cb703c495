/** Opening a session: a link or a saved file may need a table that only its reader has. */

import { Refusal } from "./transport.js";

/** What of a setup belongs to the table and has to wait for it. */
const TABLE = ["target", "columns", "task"];
const KEYS = [...TABLE, "source", "data", "digest", "plane", "axes", "at"];

/**
 * Open a session on a line.
 * @param {Transport} transport
 * @param {Object|string|null} given setup, text of an address, link, or nothing
 * @param {{name: string, raw: ArrayBuffer, digest: string}|null} file the table this page was given
 * @returns {Promise<{opened: Object, reply: Object|null, pending: Object|null}>} `pending` is the file still to be chosen: {name, digest, changes}
 */
export async function openOn(transport, given, file) {
  const first = await attempt(transport, given);
  if (!(first instanceof Refusal)) return { opened: first, reply: null, pending: null };
  const parts = typeof given === "string" ? ofText(given) : ofPlain(given);
  if (!parts) throw first;
  const opened = await transport.ask("open", { given: parts.rest });
  if (file?.digest !== parts.pending.digest) return { opened, reply: null, pending: parts.pending };
  const reply = await transport.upload(file.name, file.raw, parts.pending.changes);
  return { opened, reply, pending: null };
}

async function attempt(transport, given) {
  try {
    return await transport.ask("open", { given });
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function ofPlain(setup) {
  if (setup?.data?.source !== "table") return null;
  const { source, name, digest, ...data } = setup.data;
  const changes = Object.fromEntries(TABLE.map((key) => [`data.${key}`, data[key] ?? null]));
  // The network too: what fits the table may not fit the data that stand in for it.
  for (const part of ["network", "training", "view"]) if (setup[part]) changes[part] = setup[part];
  const kept = Object.fromEntries(Object.entries(data).filter(([key]) => !TABLE.includes(key)));
  return { rest: { ...setup, data: kept, view: undefined }, pending: { name, digest, changes } };
}

function ofText(text) {
  const address = new URLSearchParams(text.slice(text.indexOf("#") + 1));
  if (address.get("source") !== "table") return null;
  const told = (key) => decodeURIComponent(address.get(key));
  const changes = {};
  for (const key of ["target", "task"]) if (address.has(key)) changes[`data.${key}`] = told(key);
  if (address.has("columns")) changes["data.columns"] = address.get("columns").split(",").map(decodeURIComponent);
  const pending = { name: address.has("data") ? told("data") : "", digest: address.get("digest") ?? "", changes };
  for (const key of KEYS) address.delete(key);
  return { rest: address.toString(), pending };
}
