// Whether the whole ledger is the one that was signed: every entry is hashed, and the tree over all of them reckoned.

import { same } from "./bytes.js";
import { signedCheckpoint } from "./checkpoint.js";
import { DoesNotHold } from "./findings.js";
import { entriesAfter, evidence, leafTile } from "./ledger_service.js";
import { Frontier, leafHash } from "./merkle.js";
import { remembered, requireRoot, requireSameLedger } from "./remembered_checkpoint.js";

const AT_ONCE = 1_000;

// The signed checkpoint, how many entries were hashed, and of how many only the hash is for this visitor. `told` is told
// how many are done, of how many. Raises DoesNotHold with the first thing that does not hold, and CannotTell.
export async function checkWholeLedger({ proofs, entries }, told) {
  const before = remembered();
  const first = await evidence(proofs, {});
  const checkpoint = await signedCheckpoint(first.note, first.keys);
  if (before) requireSameLedger(before, checkpoint);

  const reading = new Reading(before);
  told(0, checkpoint.size);
  while (reading.size < checkpoint.size) {
    const until = Math.min(reading.size + AT_ONCE, checkpoint.size);
    const found = await entriesAfter(entries, reading.size, until);
    if (found.length !== until - reading.size) throw new DoesNotHold("missing-entry", { position: reading.size + found.length + 1 });
    await reading.add(found);
    told(reading.size, checkpoint.size);
  }
  if (!same(await reading.root(), checkpoint.root)) throw await reading.located(checkpoint);
  if (before) requireRoot(before, reading.rootBefore);
  if (reading.disorder) throw reading.disorder;
  return { checkpoint, hashed: reading.hashed, withheld: reading.withheld, before };
}

// The entries that were read so far: their hashes, the tree over them, and how far each history has come.
class Reading {
  hashed = 0;
  withheld = 0;
  rootBefore = null;
  disorder = null;
  #before;
  #tree = new Frontier();
  #hashes = [];
  #versions = new Map();
  #recordedAt = "";

  constructor(before) {
    this.#before = before;
  }

  get size() {
    return this.#tree.size;
  }

  root() {
    return this.#tree.root();
  }

  async add(found) {
    const hashes = await Promise.all(found.map(({ entry, hash }) => (entry ? leafHash(entry) : hash)));
    found.forEach(({ entry }, at) => this.#read(entry, this.size + at + 1));
    await this.#extend(hashes);
    this.#hashes.push(...hashes);
  }

  // The first entry that is not the one that was signed, where the tree's own hashes still lead to the signed root.
  async located(checkpoint) {
    const recorded = new Frontier();
    let different = null;
    for (let index = 0; recorded.size < checkpoint.size; index += 1) {
      const first = recorded.size;
      const tile = await leafTile(index, checkpoint.size);
      const at = tile.findIndex((hash, offset) => !same(hash, this.#hashes[first + offset]));
      if (at >= 0) different ??= first + at + 1;
      await recorded.extend(tile);
    }
    const isSigned = same(await recorded.root(), checkpoint.root);
    if (isSigned && different) return new DoesNotHold("entry", { position: different });
    return new DoesNotHold("root", { size: checkpoint.size });
  }

  // What is wrong with the order is kept until the tree is known: an entry that was changed is not in order either.
  #read(entry, position) {
    if (!entry) {
      this.withheld += 1;
      return;
    }
    this.hashed += 1;
    this.disorder ??= this.#disorderOf(entry, position);
  }

  #disorderOf(entry, position) {
    const read = readable(entry);
    if (!read) return new DoesNotHold("unreadable", { position });
    const reached = this.#versions.get(read.stream_id);
    this.#versions.set(read.stream_id, read.version);
    const began = this.#recordedAt;
    this.#recordedAt = read.recorded_at;
    // A history of which this visitor was not shown the beginning may begin anywhere.
    const follows = reached ? read.version === reached + 1 : read.version === 1 || this.withheld > 0;
    if (!follows) return new DoesNotHold("order", { position });
    return read.recorded_at < began ? new DoesNotHold("time", { position }) : null;
  }

  // The root at the size that was seen before is taken when the tree has it.
  async #extend(hashes) {
    const stop = this.#before ? this.#before.size - this.size : 0;
    if (stop <= 0 || stop > hashes.length) {
      await this.#tree.extend(hashes);
      return;
    }
    await this.#tree.extend(hashes.slice(0, stop));
    this.rootBefore = await this.#tree.root();
    await this.#tree.extend(hashes.slice(stop));
  }
}

function readable(entry) {
  try {
    return JSON.parse(new TextDecoder().decode(entry));
  } catch {
    return null;
  }
}
