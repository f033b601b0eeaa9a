"""Why two moments differ: told from what changed alone, the same as told from every history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.moments import Moment
from audit.canonical import canonical
from audit.difference import Compared, difference_document
from audit.snapshot import RULES_VERSION, Document
from domain.difference import PledgeDifference, Recorded, Side, difference
from domain.dimensions import Attribution, Dimension, Division
from domain.events import PledgeEvent
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from projections.pinning import PositionNotReached
from projections.pledge_status.changes import PLEDGE_STATUS
from tests.databases import new_ledger
from tests.given import ANNOUNCED_ON
from tests.projections.ledgers import append, forget, record_alone, runner
from tests.projections.test_portfolio import Recorded as RecordedOnADay
from tests.projections.test_portfolio import recordings
from tests.varied_pledges import varied

same_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
days = st.integers(-10, 1_500).map(lambda n: ANNOUNCED_ON + timedelta(days=n))
"""On some of the later ones, a country has left the least developed ones."""

divisions = st.just(Division()) | st.builds(
    Division,
    by=st.lists(st.sampled_from(list(Dimension)), max_size=2, unique=True).map(tuple),
    attribution=st.sampled_from(list(Attribution)),
)


def folded(service: Service, opening: Moment, closing: Moment, division: Division) -> Document:
    """The difference, of every pledge from all its facts."""
    sides = [Side(moment.position, moment.effective_on) for moment in (opening, closing)]
    compared = Compared(
        opening=sides[0],
        opening_recorded_at=opening.recorded_at,
        closing=sides[1],
        closing_recorded_at=closing.recorded_at,
        rules_version=RULES_VERSION,
        division=division,
        unpublished=False,
    )
    return difference_document(compared, each(service, sides[0], sides[1], division))


def each(service: Service, opening: Side, closing: Side, division: Division) -> Iterator[PledgeDifference]:
    histories: defaultdict[UUID, list[Recorded]] = defaultdict(list)
    for entry in service.register.entries(max(opening.position, closing.position)):
        if isinstance(entry.event, PledgeEvent):
            histories[entry.event.originator_id].append(Recorded(entry.position, entry.event))
    for facts in histories.values():
        if found := difference(facts, opening, closing, division):
            yield found


@same_database
@given(recordings(), st.lists(st.tuples(st.integers(0, 100), days), min_size=2, max_size=5), divisions)
def test_whatever_the_facts_and_the_two_moments_are(
    service: Service, recorded: Sequence[RecordedOnADay], points: Sequence[tuple[int, date]], division: Division
) -> None:
    """A point is so many hundredths of the facts, and a day."""
    record_alone(service, recorded)
    forget(service.pool, PLEDGE_STATUS)
    runner(service.pool, PLEDGE_STATUS).catch_up()
    moments = [service.register.moment(len(recorded) * part // 100, on) for part, on in points]

    for opening in moments:
        for closing in moments:
            told = service.differences.between(opening, closing, division)
            assert canonical(told) == canonical(folded(service, opening, closing, division))


@pytest.fixture(scope="module")
def portfolio(postgres: EmbeddedPostgres) -> Iterator[Service]:
    """Sixty pledges of every kind, a third of which nobody admitted."""
    with new_ledger(postgres) as conninfo, open_on(conninfo) as service:
        append(service, [varied()])
        service.projections.catch_up()
        yield service


@given(st.tuples(st.integers(0, 200), days), st.tuples(st.integers(0, 200), days), divisions)
def test_pledges_that_nothing_happened_to_are_counted_without_their_histories(
    portfolio: Service, one: tuple[int, date], other: tuple[int, date], division: Division
) -> None:
    last = portfolio.ledger.position
    opening, closing = (portfolio.register.moment(max(last - back, 0), on) for back, on in (one, other))

    told = portfolio.differences.between(opening, closing, division)

    assert canonical(told) == canonical(folded(portfolio, opening, closing, division))


def test_a_position_that_is_not_reached_is_refused(portfolio: Service) -> None:
    last = portfolio.ledger.position
    here, ahead = (Moment(position=p, recorded_at=None, effective_on=ANNOUNCED_ON) for p in (last, last + 1))

    for moments in ((here, ahead), (ahead, here)):
        with pytest.raises(PositionNotReached):
            portfolio.differences.between(*moments, Division())
