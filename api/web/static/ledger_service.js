// What the service is asked for, and what is said where it does not answer.

import { decoded } from "./bytes.js";
import { CannotTell } from "./findings.js";
import { HASH_BYTES } from "./merkle.js";

const WIDTH = 256;

// The latest checkpoint and the keys of the ledger, entries with their proofs, and proofs that it begins with smaller
// trees. `size` is that of the checkpoint to prove against, where it is not to be the latest.
export async function evidence(address, { positions = [], begins = [], size = null }) {
  const asked = new URLSearchParams();
  for (const position of positions) asked.append("position", position);
  for (const first of begins) asked.append("from", first);
  if (size) asked.append("size", size);
  const found = await (await ask(`${address}?${asked}`)).json();
  return {
    note: found.checkpoint,
    keys: found.keys,
    entries: new Map(
      found.entries.map(({ position, entry, hashes }) => [
        position,
        { entry: entry === null ? null : decoded(entry), proof: hashes?.map(decoded) ?? null },
      ]),
    ),
    consistency: new Map(found.consistency.map(({ from, hashes }) => [from, hashes.map(decoded)])),
  };
}

// Entries that follow each other, each with its bytes or, where it is not for this visitor, with its hash alone.
export async function entriesAfter(address, after, until) {
  const asked = new URLSearchParams({ after, until });
  const raw = new Uint8Array(await (await ask(`${address}?${asked}`)).arrayBuffer());
  const found = [];
  for (let at = 0; at < raw.length; ) {
    const length = raw[at] * 256 + raw[at + 1];
    const end = at + 2 + (length || HASH_BYTES);
    // A hash is kept until the end, and the entries around it shall not be.
    found.push(length ? { entry: raw.subarray(at + 2, end), hash: null } : { entry: null, hash: raw.slice(at + 2, end) });
    at = end;
  }
  return found;
}

// The hashes of the n-th 256 leaves, as the tree has them, in a tree of so many leaves.
export async function leafTile(index, size) {
  const width = Math.min(WIDTH, size - index * WIDTH);
  const path = groups(index).map((part, at, all) => (at < all.length - 1 ? `x${part}` : part)).join("/");
  const address = `/v1/ledger/tile/0/${path}${width < WIDTH ? `.p/${width}` : ""}`;
  const raw = new Uint8Array(await (await ask(address)).arrayBuffer());
  return Array.from({ length: width }, (_, at) => raw.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

// A number in groups of three decimal digits.
function groups(number) {
  const digits = String(number);
  return digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g);
}

async function ask(address) {
  let answer;
  try {
    answer = await fetch(address, { cache: "no-cache", credentials: "same-origin" });
  } catch {
    throw new CannotTell("no-answer");
  }
  if (answer.status === 404 && (await problemOf(answer)) === "/problems/not-signed") throw new CannotTell("unsigned");
  if (!answer.ok) throw new CannotTell("refused", { status: answer.status });
  return answer;
}

async function problemOf(answer) {
  try {
    return (await answer.json()).type;
  } catch {
    return null;
  }
}
