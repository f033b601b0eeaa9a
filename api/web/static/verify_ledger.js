// The whole ledger, checked in the browser; and what the browser remembers of the last visit.

import { offer } from "./checking.js";
import { forget, remember, remembered } from "./remembered_checkpoint.js";
import { now, sentence } from "./verdicts.js";
import { checkWholeLedger } from "./whole_ledger_check.js";

const section = document.querySelector("[data-verify-ledger]");
const progress = section.querySelector("progress");
const memory = document.querySelector("[data-remembered]");

section.querySelector("[data-without-scripts]").hidden = true;
offer(section, async () => {
  progress.hidden = false;
  try {
    return verdict(await checkWholeLedger(section.dataset, told));
  } finally {
    progress.hidden = true;
  }
});
memory.querySelector("[data-forget]").addEventListener("click", () => {
  forget();
  showMemory();
});
showMemory();

function told(done, of) {
  progress.max = of;
  progress.value = done;
}

function verdict({ checkpoint, hashed, withheld, before }) {
  remember(checkpoint);
  showMemory();
  const said = [sentence("ledger-holds", { size: checkpoint.size, time: now() }), sentence("ledger-hashed", { hashed })];
  if (withheld) said.push(sentence("ledger-withheld", { withheld }));
  said.push(before ? sentence("ledger-grown", { before: before.size, seen: new Date(before.seenAt) }) : sentence("ledger-first"));
  return ["holds", said];
}

function showMemory() {
  const seen = remembered();
  memory.hidden = !seen;
  if (!seen) return;
  memory.querySelector("[data-seen]").textContent = sentence("remembered", { size: seen.size, seen: new Date(seen.seenAt) });
  memory.querySelector("pre").textContent = seen.note;
}
