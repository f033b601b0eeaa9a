"""Pledges as the read model has them, or as the ledger tells where it has not got there yet, as documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast
from uuid import UUID

from api.http.answers import names_at
from api.http.documents import PledgeDocument
from api.http.representations import Names, parties, pledge_document
from audit.envelope import Entry
from domain.events import PledgeEvent
from domain.pledge import Pledge, fold
from infrastructure.bootstrap import Service
from projections.pinning import Point, PositionNotReached
from projections.pledge_status.view import PledgeRow


def represented(row: PledgeRow, names: Names, on: date) -> PledgeDocument:
    """The pledge, reckoned for a day."""
    return pledge_document(row.pledge, names, position=row.position, recorded_at=row.recorded_at, on=on)


def row_of(entries: Sequence[Entry]) -> PledgeRow | None:
    """The pledge after these entries of its history; None where they are none of a pledge."""
    pledge = fold(None, (cast("PledgeEvent", entry.event) for entry in entries))
    if pledge is None:
        return None
    return PledgeRow(pledge=pledge, position=entries[-1].position, recorded_at=entries[-1].recorded_at)


def names_of_parties(service: Service, pledges: Iterable[Pledge], point: Point | None) -> Names:
    """What the parties are or were called; from the ledger where the view does not know it yet."""
    ids: set[UUID] = parties(pledges)
    try:
        names = service.organisations.names(ids, at=point) if ids else {}
    except PositionNotReached:
        names = {}
    missing = ids - names.keys()
    if not missing:
        return names
    return {**names, **names_at(service.ledger, missing, service.ledger.position if point is None else point.position)}
