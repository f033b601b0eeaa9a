// Signed notes and verifier keys with Ed25519 signatures, by https://c2sp.org/signed-note.

import { decoded, joined } from "./bytes.js";
import { CannotTell } from "./findings.js";

const ED25519 = 1;
const LARGEST_NOTE = 65_536;
const MOST_SIGNATURES = 64;

// Text that is no note, or no key.
export class Malformed extends Error {}

// A note that no trusted key has signed, or whose signature does not hold.
export class NoteRefused extends Error {
  constructor(message, { forged = false } = {}) {
    super(message);
    this.forged = forged;
  }
}

// The key that a text such as `example.com/log+2c7f9a01+AQID…` means.
export async function verifierKey(text) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? fail("not a key");
  const typed = strictly(encoded);
  if (typed.length !== 33 || typed[0] !== ED25519) fail("not an Ed25519 key");
  const named = joined(new TextEncoder().encode(`${name}\n`), typed);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", named)).slice(0, 4);
  if (hexadecimal(digest) !== id) fail("the key has another id");
  return { text, name, id, public: typed.slice(1) };
}

// The text of a note and the signatures below it, which nobody has checked yet.
export function parsedNote(note) {
  const gap = note.lastIndexOf("\n\n");
  if (note.length > LARGEST_NOTE || gap < 0 || !note.endsWith("\n")) fail("not a note");
  const text = note.slice(0, gap + 1);
  const lines = note.slice(gap + 2, -1).split("\n");
  if (hasControls(text) || lines.length > MOST_SIGNATURES) fail("not a note");
  return { text, signatures: lines.map(parsedSignature) };
}

// Those of the trusted keys that have signed the note, one at least; signatures of others count nothing.
export async function signersOf(note, trusted) {
  const found = [];
  for (const { name, id, signature } of note.signatures) {
    const key = trusted.find((known) => known.name === name && known.id === id);
    if (!key) continue;
    if (!(await holds(key, note.text, signature))) throw new NoteRefused(`${name}+${id}`, { forged: true });
    found.push(key);
  }
  if (!found.length) throw new NoteRefused("none of the trusted keys");
  return found;
}

async function holds(key, text, signature) {
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key.public, { name: "Ed25519" }, false, ["verify"]);
  } catch (failed) {
    if (failed.name === "NotSupportedError") throw new CannotTell("no-ed25519");
    return false;
  }
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, new TextEncoder().encode(text));
}

function parsedSignature(line) {
  const [, name, encoded] = /^\u2014 ([^+\s]+) (\S+)$/u.exec(line) ?? fail("not a signature");
  const raw = strictly(encoded);
  if (raw.length < 5) fail("not a signature");
  return { name, id: hexadecimal(raw.slice(0, 4)), signature: raw.slice(4) };
}

function strictly(encoded) {
  try {
    return decoded(encoded);
  } catch {
    return fail("not base64");
  }
}

function hasControls(text) {
  return Array.from(text).some((sign) => sign < " " && sign !== "\n");
}

function hexadecimal(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fail(message) {
  throw new Malformed(message);
}
