"""What a command is answered with: the facts it caused and the state right after them.

An answer is made from what is recorded alone, with names and days as they were at its last fact, so that the
same command repeated years later is answered with the same bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date
from itertools import accumulate
from typing import cast
from uuid import UUID

from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from api.http.conditions import Conditions, etag
from api.http.documents import EventDocument, OrganisationDocument, PledgeDocument
from api.http.ledger_documents import proof_of
from api.http.representations import Names, organisation_document, pledge_document
from application.commands import Outcome
from application.ledger import Ledger, Overtaken
from application.memory import NotAtHand
from audit.envelope import Entry
from audit.narrative import summarise
from domain.commands import Announce, PledgeCommand
from domain.events import PledgeEvent
from domain.identity import pledge_id
from domain.organisation import Organisation, OrganisationCommand, Register
from domain.pledge import Pledge, evolve
from infrastructure.bootstrap import Service


class PledgeAnswer(BaseModel):
    """A pledge after a command, and the facts the command caused."""

    pledge: PledgeDocument
    events: list[EventDocument]


class OrganisationAnswer(BaseModel):
    """An organisation after a command, and the facts the command caused."""

    organisation: OrganisationDocument
    events: list[EventDocument]


async def announce(service: Service, command: Announce, conditions: Conditions) -> Response:
    """Announce a pledge; the answer tells its address."""
    async with conditions.turn.had():
        outcome = await run_in_threadpool(service.commands.announce, command, conditions.request())
    return _pledge_response(outcome, {"Location": f"/v1/pledges/{outcome.state.reference}"})


async def change_pledge(service: Service, reference: str, command: PledgeCommand, conditions: Conditions) -> Response:
    """Do what the command says to the pledge."""
    outcome = await _at_once(service, reference, command, conditions)
    if outcome is None and not service.commands.remembers(reference) and await conditions.first_looks.get(reference):
        outcome = await _at_once(service, reference, command, conditions)
    if outcome is None:
        async with conditions.turn.had():
            outcome = await run_in_threadpool(_looking_again, service, reference, command, conditions)
    return _pledge_response(outcome, {})


async def _at_once(
    service: Service, reference: str, command: PledgeCommand, conditions: Conditions
) -> Outcome[Pledge] | None:
    """The outcome of a command that is decided on what is remembered; None where it cannot be, or was overtaken.

    It takes neither a turn nor a thread: it waits for nothing but the commit that it shares with others.
    """
    try:
        begun = service.commands.begin_to_change_pledge(reference, command, conditions.request(_not_at_hand))
        await asyncio.wrap_future(begun.recorded)
        return service.commands.recorded(begun)
    except (NotAtHand, Overtaken):
        return None


def _not_at_hand() -> int:
    raise NotAtHand


def _looking_again(service: Service, reference: str, command: PledgeCommand, conditions: Conditions) -> Outcome[Pledge]:
    def current_version() -> int:
        pledge = service.ledger.pledge(pledge_id(reference))
        return pledge.version if pledge else 0

    return service.commands.change_pledge(reference, command, conditions.request(current_version))


def register(service: Service, command: Register, conditions: Conditions) -> Response:
    """Register an organisation; the answer tells its address."""
    outcome = service.commands.register(command, conditions.request())
    return _organisation_response(outcome, {"Location": f"/v1/organisations/{outcome.state.id}"})


def change_organisation(service: Service, id: UUID, command: OrganisationCommand, conditions: Conditions) -> Response:
    """Do what the command says to the organisation."""

    def current_version() -> int:
        organisation = service.ledger.organisation(id)
        return organisation.version if organisation else 0

    return _organisation_response(
        service.commands.change_organisation(id, command, conditions.request(current_version)), {}
    )


def pledge_answer(pledge: Pledge, before: Pledge | None, entries: Iterable[Entry], names: Names) -> PledgeAnswer:
    """The answer for a pledge that the entries brought from `before` to where it is."""
    told = list(entries)
    facts = [cast("PledgeEvent", entry.event) for entry in told]
    # Of each fact the pledge as it was before; the one after the last is not asked for.
    states: Iterator[Pledge | None] = accumulate(facts, evolve, initial=before)
    events = [
        event_document(entry, summarise(fact, state)) for entry, fact, state in zip(told, facts, states, strict=False)
    ]
    last = events[-1]
    document = pledge_document(
        pledge, names, position=last.position, recorded_at=last.recorded_at, on=recorded_day(last)
    )
    return PledgeAnswer(pledge=document, events=events)


def organisation_answer(organisation: Organisation, entries: Iterable[Entry]) -> OrganisationAnswer:
    """The answer for an organisation after these entries."""
    events = [event_document(entry, summarise(entry.event)) for entry in entries]
    last = events[-1]
    document = organisation_document(organisation, position=last.position, recorded_at=last.recorded_at)
    return OrganisationAnswer(organisation=document, events=events)


def names_at(ledger: Ledger, ids: Iterable[UUID], position: int) -> Names:
    """What the organisations were called at a position of the ledger."""
    found = ((id, ledger.organisation_at(id, position)) for id in ids)
    return {id: organisation.name for id, organisation in found if organisation}


def recorded_day(event: EventDocument) -> date:
    """The day, in UTC, on which the fact was recorded."""
    return event.recorded_at.astimezone(UTC).date()


def event_document(entry: Entry, summary: str) -> EventDocument:
    """The fact as answers tell it."""
    return EventDocument(
        type=entry.type,
        position=entry.position,
        version=entry.event.originator_version,
        recorded_at=entry.recorded_at,
        effective_on=entry.event.effective_on,
        event_id=entry.event_id,
        summary=summary,
        proof=proof_of(entry.position),
    )


def _pledge_response(outcome: Outcome[Pledge], headers: Mapping[str, str]) -> Response:
    names = {id: organisation.name for id, organisation in outcome.organisations.items()}
    return _response(pledge_answer(outcome.state, outcome.before, outcome.entries, names), outcome, headers)


def _organisation_response(outcome: Outcome[Organisation], headers: Mapping[str, str]) -> Response:
    return _response(organisation_answer(outcome.state, outcome.entries), outcome, headers)


def _response(
    answer: BaseModel, outcome: Outcome[Pledge] | Outcome[Organisation], headers: Mapping[str, str]
) -> Response:
    replayed = {"Idempotent-Replayed": "true"} if outcome.replayed else {}
    return Response(
        answer.model_dump_json(by_alias=True),
        status_code=201,
        media_type="application/json",
        headers={
            "ETag": etag(outcome.state.version),
            "Ledger-Position": str(outcome.position),
            "Cache-Control": "no-store",
            **replayed,
            **headers,
        },
    )
