// The Merkle tree of RFC 6962 and RFC 9162 with SHA-256: roots, and the checks of inclusion and consistency proofs.
// Leaves are numbered from 0. Sizes may be beyond 2**31, so that they are reckoned with, and not taken bit by bit.

import { joined, same } from "./bytes.js";

export const HASH_BYTES = 32;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const BLOCK = 256;

// A proof does not show what it is said to show.
export class ProofRefused extends Error {}

export function leafHash(entry) {
  return sha256(joined(LEAF, entry));
}

export function nodeHash(left, right) {
  return sha256(joined(NODE, left, right));
}

// The root of the tree without leaves.
export function emptyRoot() {
  return sha256(new Uint8Array());
}

// A growing tree of which only the roots of its perfect subtrees are kept: one for each bit of its size.
export class Frontier {
  size = 0;
  #roots = [];

  async extend(leafHashes) {
    for (let at = 0; at < leafHashes.length; ) {
      const isBlock = this.size % BLOCK === 0 && at + BLOCK <= leafHashes.length;
      const leaves = isBlock ? BLOCK : 1;
      await this.#add(await perfectRoot(leafHashes.slice(at, at + leaves)), leaves);
      at += leaves;
    }
  }

  async root() {
    if (!this.#roots.length) return emptyRoot();
    let root = this.#roots.at(-1);
    for (const left of this.#roots.slice(0, -1).reverse()) root = await nodeHash(left, root);
    return root;
  }

  // Each perfect subtree of the same size before it becomes its sibling.
  async #add(root, leaves) {
    let count = Math.floor(this.size / leaves);
    while (isOdd(count)) {
      root = await nodeHash(this.#roots.pop(), root);
      count = half(count);
    }
    this.#roots.push(root);
    this.size += leaves;
  }
}

// A leaf, by its hash, is at an index of the tree with a size and root: RFC 9162, 2.1.3.2.
export async function requireInclusion(leaf, index, size, proof, root) {
  if (!(0 <= index && index < size)) throw new ProofRefused("the tree has no such leaf");
  requireHashes([leaf, ...proof]);
  let at = index;
  let last = size - 1;
  let reached = leaf;
  for (const sibling of proof) {
    if (last === 0) throw new ProofRefused("too long");
    if (isOdd(at) || at === last) {
      reached = await nodeHash(sibling, reached);
      [at, last] = upToRightChild(at, last);
    } else {
      reached = await nodeHash(reached, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last) throw new ProofRefused("too short");
  if (!same(reached, root)) throw new ProofRefused("leads to another root");
}

// A tree begins with the leaves of an earlier one: RFC 9162, 2.1.4.2. Nothing follows from a tree without leaves.
export async function requireConsistency(firstSize, secondSize, firstRoot, secondRoot, proof) {
  if (!(0 < firstSize && firstSize <= secondSize)) throw new ProofRefused("there is nothing to prove");
  requireHashes(proof);
  if (firstSize === secondSize) {
    if (proof.length || !same(firstRoot, secondRoot)) throw new ProofRefused("trees of one size have one root");
    return;
  }
  if (!proof.length) throw new ProofRefused("too short");
  let at = firstSize - 1;
  let last = secondSize - 1;
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  // Of a first tree that is perfect the proof leaves out what is known: its root.
  const [start, ...others] = isPowerOfTwo(firstSize) ? [firstRoot, ...proof] : proof;
  let [old, now] = [start, start];
  for (const sibling of others) {
    if (last === 0) throw new ProofRefused("too long");
    if (isOdd(at) || at === last) {
      [old, now] = [await nodeHash(sibling, old), await nodeHash(sibling, now)];
      [at, last] = upToRightChild(at, last);
    } else {
      now = await nodeHash(now, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last) throw new ProofRefused("too short");
  if (!same(old, firstRoot)) throw new ProofRefused("leads to another first root");
  if (!same(now, secondRoot)) throw new ProofRefused("leads to another second root");
}

async function perfectRoot(hashes) {
  while (hashes.length > 1) {
    const parents = [];
    for (let at = 0; at < hashes.length; at += 2) parents.push(nodeHash(hashes[at], hashes[at + 1]));
    hashes = await Promise.all(parents);
  }
  return hashes[0];
}

// Up the right edge, to where the node is a right child; nowhere if it is one already.
function upToRightChild(at, last) {
  while (at && !isOdd(at)) [at, last] = [half(at), half(last)];
  return [at, last];
}

function requireHashes(hashes) {
  // Neighbours of other lengths could be put together to the same bytes.
  if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw new ProofRefused("a hash has another length");
}

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function isOdd(number) {
  return number % 2 === 1;
}

function half(number) {
  return Math.floor(number / 2);
}

function isPowerOfTwo(number) {
  while (!isOdd(number)) number = half(number);
  return number === 1;
}
