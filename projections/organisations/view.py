"""What can be asked about stakeholders as they are, or as they were at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow

from domain.organisation import Organisation
from domain.vocabulary import Region, Sector
from projections.database import Source, can_be_stored, rows
from projections.organisations.changes import organisation_of
from projections.pinning import AT_POINT, CURRENT, Point, point, require_reached
from projections.search_text import searchable, words


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationRow:
    """A state of an organisation, with the position and the recorded time of the entry that made it."""

    organisation: Organisation
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class OrganisationKey:
    """Where in the list by name an organisation stands."""

    name: str
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationPage:
    """A part of the list by name as it was at `position`, recorded at `recorded_at`.

    `next` is what to give as `after` for what follows.
    """

    items: tuple[OrganisationRow, ...]
    next: OrganisationKey | None
    position: int
    recorded_at: datetime | None


_ORGANISATIONS = sql.SQL("""
SELECT tracking.position AS reached, coalesce(%(at)s::bigint, tracking.position) AS pinned,
       CASE WHEN %(at)s::bigint IS NULL THEN tracking.recorded_at
            ELSE (SELECT recorded_at FROM ledger.events WHERE notification_id <= %(at)s
                  ORDER BY notification_id DESC LIMIT 1) END AS pinned_recorded_at,
       found.*
FROM organisations.tracking LEFT JOIN (
    SELECT id, version, name, sector, country, region, website, active, position, recorded_at
    FROM organisations.organisations
    WHERE {conditions} ORDER BY searched, id LIMIT %(limit)s
) AS found ON true
""")


_CONDITIONS: Mapping[str, sql.SQL] = {
    "sector": sql.SQL("sector = ANY(%(sector)s::text[])"),
    "region": sql.SQL("region = ANY(%(region)s::text[])"),
    "country": sql.SQL("country = ANY(%(country)s::text[])"),
    "active": sql.SQL("active = %(active)s"),
    "q": sql.SQL("NOT EXISTS (SELECT FROM unnest(%(words)s::text[]) AS word WHERE strpos(searched, word) = 0)"),
    "after": sql.SQL("(searched, id) > (%(after_name)s, %(after_id)s::uuid)"),
}


class OrganisationsView:
    """Reads the states of organisations. Every method takes one short statement of its own."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def get(self, id: UUID, *, at: Point | None = None) -> OrganisationRow | None:
        """The organisation with this id, now or at a point; None where there was none.

        Raises PositionNotReached.
        """
        return self._found(id, at=at)[0]

    def latest(self, id: UUID) -> tuple[OrganisationRow | None, int]:
        """The organisation with this id now, None where there is none, and the position at which that is so."""
        return self._found(id, at=None)

    def page(
        self,
        *,
        sector: tuple[Sector, ...] = (),
        region: tuple[Region, ...] = (),
        country: tuple[str, ...] = (),
        active: bool | None = None,
        q: str | None = None,
        after: OrganisationKey | None = None,
        limit: int = 50,
        at: Point | None = None,
    ) -> OrganisationPage:
        """At most `limit` organisations that meet every filter, by name whatever its case, then by id.

        Empty and None filter nothing; of `q` every word has to occur in the name. Give the `position` of the first
        page as `at` for those that follow. Raises PositionNotReached.
        """
        given = {"sector": sector, "region": region, "country": country, "active": active, "q": q, "after": after}
        values = {
            "sector": list(sector),
            "region": list(region),
            "country": [code for code in country if can_be_stored(code)],
            "active": active,
            "words": [word for word in words(q or "") if can_be_stored(word)],
            "after_name": searchable(after.name) if after else None,
            "after_id": after.id if after else None,
        }
        wanted = [condition for name, condition in _CONDITIONS.items() if given[name] not in ((), None)]
        if q is not None and not can_be_stored(q):
            wanted.append(sql.SQL("false"))
        found = self._read(wanted, values, at=at, limit=limit + 1)
        items = tuple(_row(row) for row in found[:limit] if row["id"])
        last = items[-1].organisation if len(found) > limit else None
        return OrganisationPage(
            items=items,
            next=OrganisationKey(last.name, last.id) if last else None,
            position=found[0]["pinned"],
            recorded_at=found[0]["pinned_recorded_at"],
        )

    def names(self, ids: Iterable[UUID], *, at: Point | None = None) -> Mapping[UUID, str]:
        """What these organisations are called, now or at a point; unknown ones are left out.

        Raises PositionNotReached.
        """
        found = self._read([sql.SQL("id = ANY(%(ids)s)")], {"ids": list(ids)}, at=at, limit=None)
        return {row["id"]: row["name"] for row in found if row["id"]}

    def all(self, at: Point) -> Mapping[UUID, Organisation]:
        """Every organisation as it was at a point. Raises PositionNotReached."""
        return {row["id"]: organisation_of(row) for row in self._read([], {}, at=at, limit=None) if row["id"]}

    def all_names(self, at: Point) -> Mapping[UUID, str]:
        """What every organisation was called at a point. Raises PositionNotReached."""
        return {row["id"]: row["name"] for row in self._read([], {}, at=at, limit=None) if row["id"]}

    def _found(self, id: UUID, *, at: Point | None) -> tuple[OrganisationRow | None, int]:
        found = self._read([sql.SQL("id = %(id)s")], {"id": id}, at=at, limit=1)
        return _row(found[0]) if found[0]["id"] else None, found[0]["reached"]

    def _read(
        self, wanted: Sequence[sql.Composable], values: Mapping[str, object], *, at: Point | None, limit: int | None
    ) -> list[DictRow]:
        """The rows that meet the conditions, or a single one without an id where none does."""
        current = CURRENT if at is None else AT_POINT
        query = _ORGANISATIONS.format(conditions=sql.SQL(" AND ").join([current, *wanted]))
        found = rows(self._source, query, {**values, **point(at), "limit": limit})
        require_reached(at, found[0]["reached"])
        return found


def _row(row: DictRow) -> OrganisationRow:
    return OrganisationRow(organisation=organisation_of(row), position=row["position"], recorded_at=row["recorded_at"])
