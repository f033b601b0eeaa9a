// Whether what a page shows is in the signed ledger.

import { same } from "./bytes.js";
import { signedCheckpoint } from "./checkpoint.js";
import { CannotTell, DoesNotHold } from "./findings.js";
import { evidence } from "./ledger_service.js";
import { ProofRefused, leafHash, requireConsistency, requireInclusion } from "./merkle.js";
import { remembered, requireGrown } from "./remembered_checkpoint.js";

const AT_ONCE = 200;

// `page` has the position and root of the tree that it was made from, and the events that it shows, each with position,
// pledge, version and leaf hash. The result has the checkpoint, how many events are in the ledger that it signs, and what
// does not hold, each with the event that it is about. Raises DoesNotHold and CannotTell where nothing more can be said.
export async function checkPage(address, page) {
  const before = remembered();
  const begins = [page.position, before?.size].filter(Boolean);
  const first = await evidence(address, { positions: page.events.slice(0, AT_ONCE).map(atPosition), begins });
  const checkpoint = await signedCheckpoint(first.note, first.keys);
  if (before) await requireGrown(before, checkpoint, first.consistency.get(before.size) ?? []);
  if (checkpoint.size < Math.max(page.position, ...page.events.map(atPosition))) throw new CannotTell("not-yet");
  await requirePage(page, checkpoint, first.consistency.get(page.position) ?? []);

  const findings = [...gaps(page)];
  let held = 0;
  for (let at = 0; at < page.events.length; at += AT_ONCE) {
    const events = page.events.slice(at, at + AT_ONCE);
    const { entries } = at ? await evidence(address, { positions: events.map(atPosition), size: checkpoint.size }) : first;
    for (const event of events) {
      const finding = await findingOf(event, entries.get(event.position), checkpoint);
      if (finding) findings.push({ event, finding });
      else held += 1;
    }
  }
  return { checkpoint, held, findings };
}

async function requirePage(page, checkpoint, proof) {
  if (!page.position) return; // made before anything was recorded
  try {
    await requireConsistency(page.position, checkpoint.size, page.root, checkpoint.root, proof);
  } catch (failed) {
    throw failed instanceof ProofRefused ? new DoesNotHold("page", { position: page.position }) : failed;
  }
}

// What does not hold of an event; null where all does.
async function findingOf(event, { entry, proof }, checkpoint) {
  const { position, version } = event;
  if (!entry) return new DoesNotHold("missing-entry", { position });
  const hash = await leafHash(entry);
  try {
    await requireInclusion(hash, position - 1, checkpoint.size, proof ?? [], checkpoint.root);
  } catch (failed) {
    if (failed instanceof ProofRefused) return new DoesNotHold("entry", { position });
    throw failed;
  }
  if (!same(hash, event.hash)) return new DoesNotHold("shown", { position });
  return versionOf(entry) === version ? null : new DoesNotHold("other-version", { position, version });
}

// A page that shows the whole history of a pledge shows its versions from the first one on, each once.
function* gaps({ events, whole }) {
  if (!whole) return;
  const reached = new Map();
  for (const event of events.toSorted((one, other) => one.version - other.version)) {
    const next = (reached.get(event.pledge) ?? 0) + 1;
    if (event.version > next) yield { event, finding: new DoesNotHold("gap", { pledge: event.pledge, version: next }) };
    reached.set(event.pledge, event.version);
  }
}

function versionOf(entry) {
  return JSON.parse(new TextDecoder().decode(entry)).version;
}

function atPosition(event) {
  return event.position;
}
