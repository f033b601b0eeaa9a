// "Verify this page": the events that a page shows, checked in the browser against the signed ledger.

import { decoded } from "./bytes.js";
import { offer } from "./checking.js";
import { checkPage } from "./page_check.js";
import { remember } from "./remembered_checkpoint.js";
import { mark, now, sentence } from "./verdicts.js";

const MOST_SAID = 10;

const section = document.querySelector("[data-verify-page]");
if (section) offer(section, () => verdict(section));

async function verdict(section) {
  const page = shownBy(section);
  const { checkpoint, held, findings } = await checkPage(section.dataset.proofs, page);
  for (const event of page.events) markEvent(event, findings.find((found) => found.event === event)?.finding);
  const counted = { held, position: page.position, size: checkpoint.size, time: now() };
  if (findings.length) return ["wrong", wrong(findings, counted)];
  remember(checkpoint);
  const whole = sentence("page-holds", counted);
  return ["holds", page.events.length ? [sentence("events-hold", counted), whole] : [whole]];
}

function wrong(findings, counted) {
  const said = findings.slice(0, MOST_SAID).map(({ finding }) => sentence(finding.reason, finding.values));
  return [sentence("events-wrong", counted), ...said, sentence("what-to-do")];
}

function markEvent({ elements }, finding) {
  const text = finding ? sentence("event-wrong") : sentence("event-holds");
  for (const element of elements) {
    const place = element.querySelector("[data-event-verdict]");
    if (place) mark(place, finding ? "wrong" : "holds", text);
  }
}

// What the page says of itself; an event may stand in it several times, with the same hash each time.
function shownBy(section) {
  const events = new Map();
  for (const element of document.querySelectorAll("[data-event-position]")) {
    const { eventPosition, eventPledge, eventVersion, eventHash } = element.dataset;
    const event = events.get(`${eventPosition} ${eventHash}`) ?? {
      position: Number(eventPosition),
      pledge: eventPledge,
      version: Number(eventVersion),
      hash: decoded(eventHash),
      elements: [],
    };
    event.elements.push(element);
    events.set(`${eventPosition} ${eventHash}`, event);
  }
  return {
    position: Number(section.dataset.position),
    root: decoded(section.dataset.root),
    whole: "whole" in section.dataset,
    events: [...events.values()],
  };
}
