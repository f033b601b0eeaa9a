"""Loading the sample into a ledger, through the same commands that everybody uses.

Each command has an idempotency key of its own, so that loading can be interrupted and taken up again, and adds
nothing to what is there already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from application.clock import Today, today_in_utc
from application.commands import Commands, Outcome, Request
from application.ledger import Ledger
from application.sample import KEY_PREFIX
from application.sample.story import OrganisationStep, Step, story
from audit.envelope import Entry, Envelopes
from domain.commands import Announce, PledgeCommand, Withdraw

READ_AT_ONCE = 200


class LedgerHoldsMore(Exception):
    """The ledger has entries that are no sample, among which no sample belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What loading did: how many facts it added and how many steps of the story have not happened yet."""

    events: int
    pledges: int
    organisations: int
    not_yet: int


def load_sample(ledger: Ledger, commands: Commands, today: Today = today_in_utc) -> Loaded:
    """Bring the sample into a ledger that is empty, or complete it where there is some of it already.

    Steps of days to come are left out. Raises LedgerHoldsMore.
    """
    if not holds_only_the_sample(ledger):
        raise LedgerHoldsMore
    day = today()
    happened = list(takewhile(lambda step: step.on <= day, story()))
    references: dict[str, str] = {}
    events = sum(_carry_out(step, commands, references) for step in happened)
    return Loaded(
        events=events,
        pledges=len(references),
        organisations=len({step.organisation for step in happened if isinstance(step, OrganisationStep)}),
        not_yet=len(story()) - len(happened),
    )


def holds_only_the_sample(ledger: Ledger) -> bool:
    """Whether there is nothing in the ledger but the sample or a part of it; true of an empty one."""
    return all(is_sample(entry) for entry in _entries(ledger))


def began_with_the_sample(ledger: Ledger) -> bool:
    """Whether the ledger's first entry is one of the sample, so that it never was anything but a place to try."""
    first = next(_entries(ledger), None)
    return first is not None and is_sample(first)


def is_sample(entry: Entry) -> bool:
    """Whether the fact was caused by a command of the sample."""
    return (entry.event.idempotency_key or "").startswith(KEY_PREFIX)


def _carry_out(step: Step, commands: Commands, references: dict[str, str]) -> int:
    """Do what the step tells; how many facts it added."""
    request = Request(actor=step.actor, idempotency_key=step.idempotency_key)
    if isinstance(step, OrganisationStep):
        return _added(commands.change_organisation(step.organisation, step.command, request))
    if isinstance(step.command, Announce):
        announced = commands.announce(step.command, request)
        references[step.pledge] = announced.state.reference
        return _added(announced)
    command = _with_references(step.command, references)
    return _added(commands.change_pledge(references[step.pledge], command, request))


def _added(outcome: Outcome[Any]) -> int:
    return 0 if outcome.replayed else len(outcome.entries)


def _with_references(command: PledgeCommand, references: dict[str, str]) -> PledgeCommand:
    """The command with the reference that the ledger gave to the pledge it names by a key of the story."""
    if isinstance(command, Withdraw) and command.superseded_by:
        return replace(command, superseded_by=references[command.superseded_by])
    return command


def _entries(ledger: Ledger) -> Iterator[Entry]:
    envelopes, position = Envelopes(), 0
    while batch := ledger.recorder.select_notifications(position + 1, READ_AT_ONCE):
        yield from (envelopes.read(stored.state, stored.id) for stored in batch)
        position = batch[-1].id
