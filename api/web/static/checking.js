// A button that checks something, and the place that says what came of it.

import { CannotTell, DoesNotHold } from "./findings.js";
import { now, sentence, show } from "./verdicts.js";

const ASK_AGAIN_MILLISECONDS = 1_000;
const MOST_QUESTIONS = 6;

// Lets a section's button check with `check`, which returns the kind of verdict and its sentences.
export function offer(section, check) {
  const button = section.querySelector("[data-check]");
  const place = section.querySelector("[data-said]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    show(place, "checking", [sentence("checking")]);
    const [kind, sentences] = await outcome(check);
    show(place, kind, sentences);
    button.disabled = false;
  });
}

async function outcome(check) {
  // By plain http from another machine a browser gives pages no cryptography.
  if (!globalThis.crypto?.subtle) return ["unknown", [sentence("insecure")]];
  try {
    return await patiently(check);
  } catch (failed) {
    if (failed instanceof DoesNotHold) return ["wrong", [sentence("wrong"), sentence(failed.reason, failed.values), sentence("what-to-do")]];
    if (failed instanceof CannotTell) return ["unknown", [sentence(failed.reason, failed.values), sentence("unchecked", { time: now() })]];
    console.error(failed);
    return ["unknown", [sentence("failed")]];
  }
}

// What was recorded just now is signed within a second or two.
async function patiently(check) {
  for (let asked = 1; ; asked += 1) {
    try {
      return await check();
    } catch (failed) {
      if (failed.reason !== "not-yet" || asked === MOST_QUESTIONS) throw failed;
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MILLISECONDS));
    }
  }
}
