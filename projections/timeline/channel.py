"""What can be asked about what happened, whatever it happened to: the latest of it, and what came after a position.

What came after a position is told as it could be known right then: whoever reads it later reads the same. The latest
is told as it may be known now: what happened to a pledge before it was admitted stands at its place since then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from projections.database import Source, can_be_stored, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told: somebody who may know of every pledge, an organisation, or else the public."""

    everything: bool = False
    organisation: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An entry of the ledger, with a summary in one English sentence, and who could know of it right then.

    `stream` is whose history it belongs to; `reference` that of the pledge, where it is about one; `organisation` the
    pledge's lead, or the organisation itself, and `organisation_name` what it was called. `actor_name` is that of the
    organisation that acted. `parties` could know of it whether it was `published` or not.
    """

    position: int
    event_id: UUID
    stream: UUID
    reference: str | None
    organisation: UUID | None
    organisation_name: str | None
    version: int
    type: str
    recorded_at: datetime
    effective_on: date
    actor: Mapping[str, Any]
    actor_name: str | None
    summary: str
    data: Mapping[str, Any]
    published: bool
    parties: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What happened up to and including `position`, after another one; the first comes first."""

    items: tuple[Happening, ...]
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestPage:
    """What happened last, the latest first, as far as it is known at `position`.

    `next` is what to give as `before` for what happened earlier; None where nothing did.
    """

    items: tuple[Happening, ...]
    next: int | None
    position: int


_COLUMNS = sql.SQL("""
    position, event_id, stream, reference, organisation, version, type, recorded_at, effective_on, actor, summary, data,
    published, parties,
    (SELECT name FROM timeline.entries AS said
     WHERE said.organisation = told.organisation AND name IS NOT NULL AND said.position <= told.position
     ORDER BY said.position DESC LIMIT 1) AS organisation_name,
    (SELECT name FROM timeline.entries AS said
     WHERE said.organisation = (told.actor->>'organisation')::uuid AND name IS NOT NULL
       AND said.position <= told.position
     ORDER BY said.position DESC LIMIT 1) AS actor_name
""")

# Each statement says how far what it reads has got.
_AFTER = sql.SQL("""
SELECT tracking.position AS reached, found.* FROM timeline.tracking LEFT JOIN (
    SELECT {columns} FROM timeline.entries AS told
    WHERE position > %(after)s AND (%(everything)s OR published OR parties @> ARRAY[%(audience)s::uuid])
    ORDER BY position LIMIT %(limit)s
) AS found ON true ORDER BY position
""").format(columns=_COLUMNS)

_LATEST = sql.SQL("""
WITH told AS {how} (
    SELECT * FROM timeline.entries AS told
    WHERE position < %(before)s AND {about} AND (%(until)s::date IS NULL OR effective_on <= %(until)s::date) AND (
        %(everything)s OR published OR parties @> ARRAY[%(audience)s::uuid] OR (
            SELECT pledges.published OR pledges.parties @> ARRAY[%(audience)s::uuid]
            FROM timeline.pledges WHERE id = told.stream
        )
    )
)
SELECT tracking.position AS reached, found.* FROM timeline.tracking LEFT JOIN (
    SELECT {columns} FROM told ORDER BY position DESC LIMIT %(limit)s
) AS found ON true ORDER BY position DESC
""")
_OF_PLEDGE = sql.SQL("reference = %(reference)s")
_OF_ORGANISATION = sql.SQL("parties @> ARRAY[%(organisation)s::uuid]")

_LATER_THAN_ANY = 2**62


class ChannelView:
    """Reads what happened. Every method takes one short statement of its own."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def position(self) -> int:
        """How far what happened is told."""
        [row] = rows(self._source, "SELECT position FROM timeline.tracking", {})
        return int(row["position"])

    def after(self, position: int, audience: Audience, *, limit: int) -> Part:
        """At most `limit` of what happened after a position and could be known to the audience then.

        The part's own position is the one to go on after; it is never an earlier one.
        """
        values = {"after": position, "limit": limit, **_audience(audience)}
        found = rows(self._source, _AFTER, values)
        items = tuple(_happening(row) for row in found if row["position"])
        reached = items[-1].position if len(items) == limit else found[0]["reached"]
        return Part(items=items, position=max(position, reached))

    def latest(
        self,
        audience: Audience,
        *,
        limit: int,
        before: int | None = None,
        reference: str | None = None,
        organisation: UUID | None = None,
        until: date | None = None,
    ) -> LatestPage:
        """At most `limit` of what happened last, before a position if one is given, that the audience may know of now.

        With a reference, only what happened to that pledge; with an organisation, only what it is or was a party to;
        with a day, only what was true by then.
        """
        values = {
            "before": _LATER_THAN_ANY if before is None else before,
            "limit": limit + 1,
            "reference": reference if reference and can_be_stored(reference) else None,
            "organisation": organisation,
            "until": until,
            **_audience(audience),
        }
        found = rows(self._source, _question(reference, organisation), values)
        items = tuple(_happening(row) for row in found[:limit] if row["position"])
        more = items[-1].position if len(found) > limit else None
        return LatestPage(items=items, next=more, position=found[0]["reached"])


def _question(reference: str | None, organisation: UUID | None) -> sql.Composed:
    # Of all that happened, the latest is read backwards; what is about something is found first, however long ago.
    about = [condition for given, condition in ((reference, _OF_PLEDGE), (organisation, _OF_ORGANISATION)) if given]
    how = sql.SQL("MATERIALIZED" if about else "NOT MATERIALIZED")
    return _LATEST.format(how=how, about=sql.SQL(" AND ").join([*about, sql.SQL("true")]), columns=_COLUMNS)


def _audience(audience: Audience) -> dict[str, object]:
    return {"everything": audience.everything, "audience": audience.organisation}


_NAMES = tuple(field.name for field in fields(Happening) if field.name != "parties")


def _happening(row: DictRow) -> Happening:
    return Happening(parties=tuple(row["parties"]), **{name: row[name] for name in _NAMES})
