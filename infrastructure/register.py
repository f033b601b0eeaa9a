"""The register at a moment, from the ledger's table and the read models."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from time import sleep
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow

from application.differences import ChangedPledge
from application.moments import AsOf, Moment, MomentNotOver, PositionAhead, ViewsBehind, end_of
from application.reporting_duties import Debts
from audit.envelope import Entry
from domain.difference import Figures, of_whole
from domain.dimensions import Dimension
from domain.obligations import Duty
from domain.organisation import Organisation
from domain.pledge import Pledge
from domain.status import PledgeStatus
from domain.totals import Totals
from infrastructure.database import Pool
from infrastructure.locks import APPEND_LOCK
from projections.ledger_entries import LedgerView, head
from projections.organisations.view import OrganisationsView
from projections.pinning import Point
from projections.pledge_status.filters import PledgeFilters
from projections.pledge_status.view import PledgeStatusView
from projections.portfolio.view import PortfolioView
from projections.transparency.view import TransparencyView

AHEAD_AT_MOST = timedelta(seconds=2)
"""An instant this little in the future is waited for: clocks differ."""

CATCH_UP_WITHIN_SECONDS = 10.0
ENTRIES_AT_ONCE = 5_000
CHANGED_AT_ONCE = 500

WaitUntil = Callable[[int, float], bool]
"""Wait, at most so many seconds, for the read models to reach a position; whether they have."""

# In the order of one index, so that no statistics make the planner go through positions for the instant.
_BY_INSTANT = """
SELECT (SELECT notification_id FROM ledger.events WHERE recorded_at <= %(instant)s
        ORDER BY recorded_at DESC, notification_id DESC LIMIT 1) AS position,
       coalesce((SELECT recorded_at FROM ledger.events ORDER BY recorded_at DESC, notification_id DESC LIMIT 1)
                > %(instant)s, false) AS over,
       clock_timestamp() AS now
"""

_RECORDED_AT = "SELECT recorded_at FROM ledger.events WHERE notification_id = %s"


class LedgerRegister:
    """Resolves moments, and reads what was so then. The adapter of `application.ports.Register`."""

    def __init__(
        self,
        pool: Pool,
        entries: LedgerView,
        pledges: PledgeStatusView,
        organisations: OrganisationsView,
        portfolio: PortfolioView,
        tree: TransparencyView,
        wait_until: WaitUntil,
    ) -> None:
        self._pool = pool
        self._entries = entries
        self._pledges = pledges
        self._organisations = organisations
        self._portfolio = portfolio
        self._tree = tree
        self._wait_until = wait_until

    def resolve(self, as_of: AsOf | None, effective_on: date | None) -> Moment:
        """The moment that is meant: now without `as_of`, that of `as_of` without an effective date.

        A day that is not over yet counts up to now; the moment says which position that was. Waits for the read
        models to reach the position. Raises MomentNotOver, PositionAhead, and ViewsBehind where they do not.
        """
        with self._pool.connection() as connection:
            position, day = self._position(connection, as_of)
            today = _now(connection).date()
        if not self.reached(position, CATCH_UP_WITHIN_SECONDS):
            raise ViewsBehind(position)
        moment = self.moment(position, effective_on or day or today)
        if effective_on or day or not moment.recorded_at:
            return moment
        return replace(moment, effective_on=moment.recorded_at.astimezone(UTC).date())

    def reached(self, position: int, seconds: float) -> bool:
        """Wait, at most so many seconds, for the read models to include a position; whether they do."""
        return self._wait_until(position, seconds)

    def wait_for(self, position: int, seconds: float) -> None:
        """Wait for the read models to include a position. Raises PositionAhead, and ViewsBehind where they do not."""
        if self.reached(position, 0):
            return
        with self._pool.connection() as connection:
            latest = head(connection)
        if position > latest:
            raise PositionAhead(position, latest)
        if not self.reached(position, seconds):
            raise ViewsBehind(position)

    def moment(self, position: int, effective_on: date) -> Moment:
        """The moment of a position that the ledger has, whether or not the read models are there yet."""
        with self._pool.connection() as connection:
            row = connection.execute(_RECORDED_AT, (position,)).fetchone()
        return Moment(position=position, recorded_at=row["recorded_at"] if row else None, effective_on=effective_on)

    def pledges(self, at: Moment) -> Iterator[Pledge]:
        """Every pledge, admitted or not, by reference."""
        return (row.pledge for row in self._pledges.stream(point_of(at)))

    def root(self, at: Moment) -> bytes:
        """The root of the Merkle tree of all entries up to the moment's position."""
        return self._tree.root(at.position)

    def statuses(self, at: Moment) -> Iterator[PledgeStatus]:
        """What a snapshot says of every pledge, admitted or not, by reference."""
        return self._pledges.statuses(point_of(at))

    def status_lines(self, at: Moment, columns: Sequence[str], formula_starts: Sequence[str]) -> Iterator[str]:
        """The rows of the status snapshot of a moment as lines of a CSV file, without their ends."""
        names = self._organisations.all_names(point_of(at))
        return self._pledges.status_lines(point_of(at), columns, lead_names=names, formula_starts=formula_starts)

    def due(self, at: Moment, debts: Debts) -> Sequence[Duty]:
        """The duties to report that are due, in no order."""
        return self._pledges.due(_filters(debts), point_of(at))

    def due_by_lead(self, at: Moment, debts: Debts) -> Mapping[UUID, int]:
        """How many of them each lead has that has one."""
        return self._pledges.due_by_lead(_filters(debts), point_of(at))

    def due_of_leads(self, at: Moment, debts: Debts, leads: Sequence[UUID], *, skip: int, limit: int) -> Sequence[Duty]:
        """At most `limit` of those of some leads, without the first `skip`: by lead, those due for longest first."""
        return self._pledges.due_of_leads(_filters(debts), point_of(at), leads, skip=skip, limit=limit)

    def running_totals(self, at: Moment, dimension: Dimension | None = None) -> Totals | None:
        """The totals at a moment, by a dimension if one is asked for; None where no running totals tell them."""
        return self._portfolio.totals(point_of(at), dimension)

    def organisations(self, at: Moment) -> Mapping[UUID, Organisation]:
        """Every organisation, by id."""
        return self._organisations.all(point_of(at))

    def entries(self, until: int) -> Iterator[Entry]:
        """All facts up to a position, in ledger order, a few at a time."""
        return self._entries.entries(until, ENTRIES_AT_ONCE)

    def reports(self, until: int) -> Iterator[Entry]:
        """All progress reports recorded up to a position, in ledger order."""
        return iter(self._entries.reports(until))

    def changed(self, opening: Moment, closing: Moment) -> Iterator[ChangedPledge]:
        """The pledges that have not the same facts at both moments, by id; a few hundred in memory at once."""
        until = max(opening.position, closing.position)
        found = self._pledges.changed(point_of(opening), point_of(closing))
        for first in range(0, len(found), CHANGED_AT_ONCE):
            part = found[first : first + CHANGED_AT_ONCE]
            states = self._pledges.states(part)
            # A state that is not found is folded again, from the first fact on.
            after = {each.id: each.position if each.position and each.position in states else 0 for each in part}
            for id, history in groupby(self._entries.of_histories(after, until), key=_history_of):
                yield ChangedPledge(state=states.get(after[id]), entries=tuple(history))

    def unchanged(
        self, opening: Moment, closing: Moment, touching: Collection[str] | None = None
    ) -> Sequence[PledgeStatus]:
        """The status of each of the others; only of those that touch one of some countries, if these are given."""
        return self._pledges.unchanged(point_of(opening), point_of(closing), touching)

    def resting(self, opening: Moment, closing: Moment, moved: Collection[str]) -> Iterator[Figures]:
        """The figures, the same on both days, of those others that touch none of the countries that `moved`."""
        for each in self._pledges.resting(point_of(opening), point_of(closing), moved):
            yield of_whole(each.groups, each.ladder, each.standing)

    def _position(self, connection: Connection[DictRow], as_of: AsOf | None) -> tuple[int, date | None]:
        """The position that is meant, and the day it was asked about; None for that of the position's own fact."""
        match as_of:
            case None:
                return head(connection), _now(connection).date()
            case int():
                if as_of > (latest := head(connection)):
                    raise PositionAhead(as_of, latest)
                return as_of, None
            case datetime():
                return _position_at(connection, as_of), as_of.astimezone(UTC).date()
            case date():
                now = _now(connection)
                if as_of == now.date():
                    return head(connection), as_of
                if as_of > now.date():
                    raise MomentNotOver(as_of, now)
                return _position_at(connection, end_of(as_of)), as_of


def _history_of(entry: Entry) -> UUID:
    return entry.event.originator_id


def _filters(debts: Debts) -> PledgeFilters:
    return PledgeFilters(
        reporting=debts.health,
        lead=debts.lead,
        sector=debts.sector,
        region=debts.region,
        pledger_region=debts.pledger_region,
    )


def point_of(moment: Moment) -> Point:
    """The moment as read models know it."""
    return Point(moment.position, moment.effective_on)


def _position_at(connection: Connection[DictRow], instant: datetime) -> int:
    """The position of the last fact recorded by an instant: the same whenever it is asked for.

    An append that is under way may be stamped before the instant and become visible after this question. Where
    nothing later is there to show that none is, the question takes its turn after the appends.
    """
    wait = instant - _now(connection)
    if timedelta(0) <= wait <= AHEAD_AT_MOST:
        sleep(wait.total_seconds() + 0.001)
    found = _by_instant(connection, instant)
    if not found["over"]:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (APPEND_LOCK,))
            found = _by_instant(connection, instant)
    if not found["over"] and found["now"] <= instant:
        raise MomentNotOver(instant, found["now"].astimezone(UTC))
    return int(found["position"] or 0)


def _by_instant(connection: Connection[DictRow], instant: datetime) -> DictRow:
    row = connection.execute(_BY_INSTANT, {"instant": instant}).fetchone()
    if row is None:
        raise LookupError("a statement without FROM gave no row")
    return row


def _now(connection: Connection[DictRow]) -> datetime:
    row = connection.execute("SELECT clock_timestamp() AS now").fetchone()
    if row is None:
        raise LookupError("a statement without FROM gave no row")
    now: datetime = row["now"]
    return now.astimezone(UTC)
