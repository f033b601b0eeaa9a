"""`p2c replay`: a pledge's life, event by event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from difflib import SequenceMatcher
from functools import cache
from typing import Annotated, cast
from uuid import UUID

import typer

from api.cli.console import AsJson, people, programs
from api.cli.failures import Unusable
from api.cli.life_in_words import NameOf, document, show_life
from api.cli.opening import the_service
from api.cli.until import FORMS, parse_until
from audit.envelope import Entry
from audit.replay import replay as replayed
from domain.events import OrganisationEvent
from domain.identity import pledge_id
from domain.organisation import fold
from infrastructure.bootstrap import Service
from projections.pledge_status.filters import PledgeFilters

LOOKED_THROUGH = 5_000
"""How many references are compared with an unknown one."""

NEAR = 0.7
"""How much of two references must be the same for one to be meant instead of the other."""


def replay(
    reference: Annotated[str, typer.Argument(help="The pledge's reference, such as P2C-2026-000042.")],
    until: Annotated[str | None, typer.Option(metavar="POINT", help=f"Stop after {FORMS}.")] = None,
    effective_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Take only what was true in the world by this day, in ledger order."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Replay a pledge's life from the ledger: what happened, who said so, when, and what it changed.

    A day means its end in UTC, by the time of recording.
    """
    selection = parse_until(until, effective_on)
    with the_service() as service:
        entries = service.ledger.entries(pledge_id(reference))
        if not entries:
            raise _unknown(reference, _near(service, reference))
        steps = list(replayed(entries, selection))
        name_of = _names(service)
        if as_json:
            programs({"reference": reference, "steps": [document(step, name_of) for step in steps]})
        elif steps:
            show_life(people(), steps, len(entries), name_of)
        else:
            people().print(f"Nothing had happened to {reference} by then.")


def _names(service: Service) -> NameOf:
    """The names organisations went by, each history read once."""

    @cache
    def history(id: UUID) -> Sequence[Entry]:
        return service.ledger.entries(id)

    def name_of(id: UUID | None, position: int) -> str | None:
        if id is None:
            return None
        events = (entry.event for entry in history(id) if entry.position <= position)
        known = fold(None, cast("Iterable[OrganisationEvent]", events))
        return known.name if known else None

    return name_of


def _unknown(reference: str, near: Sequence[str]) -> Unusable:
    hint = f"Did you mean {' or '.join(near)}?" if near else "Check the reference; none that is known resembles it."
    return Unusable(f"There is no pledge {reference}.", remedy=hint)


def _near(service: Service, reference: str) -> Sequence[str]:
    """Known references that resemble this one, upper and lower case alike."""
    known: dict[str, str] = {}
    after: str | None = None
    while len(known) < LOOKED_THROUGH:
        page = service.pledges.page(PledgeFilters(), on=service.today(), after=after, limit=1_000)
        known |= {row.pledge.reference.upper(): row.pledge.reference for row in page.items}
        if (after := page.next) is None:
            break
    wanted = reference.upper()
    nearness = {name: SequenceMatcher(None, wanted, name).ratio() for name in known}
    nearest = sorted((name for name in known if nearness[name] > NEAR), key=lambda name: (-nearness[name], name))
    return [known[name] for name in nearest[:3]]
