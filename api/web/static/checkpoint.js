// Signed checkpoints: size and root of the ledger's tree, by https://c2sp.org/tlog-checkpoint.

import { decoded } from "./bytes.js";
import { DoesNotHold } from "./findings.js";
import { HASH_BYTES } from "./merkle.js";
import { Malformed, NoteRefused, parsedNote, signersOf, verifierKey } from "./signed_note.js";

// What a signed note says, once keys of the ledger, given as texts, are known to have signed it, and which ones.
export async function signedCheckpoint(note, keys) {
  try {
    const parsed = parsedNote(note);
    const told = parsedCheckpoint(parsed.text);
    const known = await Promise.all(keys.map(verifierKey));
    const signers = await signersOf(parsed, known.filter((key) => key.name === told.origin));
    return { ...told, note, signers: signers.map((key) => key.text) };
  } catch (failed) {
    if (failed instanceof Malformed) throw new DoesNotHold("malformed");
    if (failed instanceof NoteRefused) throw new DoesNotHold(failed.forged ? "signature" : "unknown-key");
    throw failed;
  }
}

export function parsedCheckpoint(text) {
  const [origin, size, encoded, ...others] = text.split("\n");
  const lines = [origin, size, encoded, ...others.slice(0, -1)];
  if (!lines.every(Boolean) || !others.length || !/^(0|[1-9]\d{0,14})$/.test(size)) throw new Malformed("no checkpoint");
  const root = rootIn(encoded);
  return { origin, size: Number(size), root };
}

function rootIn(encoded) {
  let root = null;
  try {
    root = decoded(encoded);
  } catch {
    throw new Malformed("no root");
  }
  if (root.length !== HASH_BYTES) throw new Malformed("no root");
  return root;
}
