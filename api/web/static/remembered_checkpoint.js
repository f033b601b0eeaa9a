// The checkpoint that this browser saw last, so that a ledger that is rewritten between two visits is noticed.

import { parsedCheckpoint } from "./checkpoint.js";
import { same } from "./bytes.js";
import { DoesNotHold } from "./findings.js";
import { ProofRefused, requireConsistency } from "./merkle.js";
import { parsedNote } from "./signed_note.js";

const PLACE = "p2c-ledger-checkpoint";

// The checkpoint with the keys that had signed it and when it was seen; null where none is remembered.
export function remembered() {
  try {
    const { note, signers, seenAt } = JSON.parse(localStorage.getItem(PLACE));
    return { ...parsedCheckpoint(parsedNote(note).text), note, signers, seenAt };
  } catch {
    return null; // nothing, or nothing that this script wrote; or the browser keeps nothing at all
  }
}

export function remember({ note, signers }) {
  try {
    localStorage.setItem(PLACE, JSON.stringify({ note, signers, seenAt: new Date().toISOString() }));
  } catch {
    // A browser that keeps nothing can still check everything else.
  }
}

export function forget() {
  try {
    localStorage.removeItem(PLACE);
  } catch {
    // Then there was nothing.
  }
}

// A checkpoint is of the same ledger as the one that was seen before, and not of a shorter one.
export function requireSameLedger(before, now) {
  if (before.origin !== now.origin) throw new DoesNotHold("other-ledger", { before: before.origin, now: now.origin });
  if (before.size > now.size) throw new DoesNotHold("shrunk", { before: before.size, now: now.size });
  if (!before.signers.some((key) => now.signers.includes(key))) throw new DoesNotHold("other-key");
}

// The ledger has only grown since the checkpoint that was seen before, by the proof that the service gives.
export async function requireGrown(before, now, proof) {
  requireSameLedger(before, now);
  try {
    await requireConsistency(before.size, now.size, before.root, now.root, proof);
  } catch (failed) {
    throw failed instanceof ProofRefused ? forked(before) : failed;
  }
}

// The same by the root of the tree at the earlier size, where whoever checks has reckoned it.
export function requireRoot(before, reckoned) {
  if (!same(before.root, reckoned)) throw forked(before);
}

function forked(before) {
  return new DoesNotHold("forked", { size: before.size, seen: new Date(before.seenAt) });
}
