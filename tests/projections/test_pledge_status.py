"""The states of pledges: right at every position, found by every filter, in pages that do not shift."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.envelope import Entry
from domain.events import Amended, Announced, Description, PledgeEvent
from domain.pledge import fold
from domain.schedule import reporting_health
from domain.status import status_of
from domain.values import Party, Source
from domain.vocabulary import (
    BeneficiaryGroup,
    CountryGroup,
    FocusArea,
    Lifecycle,
    PledgeType,
    Region,
    ReportingHealth,
    Sector,
)
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from projections.pinning import Point, PositionNotReached
from projections.pledge_state import STATED, PledgeState, evolved, forget_states, pledge_of, state_of
from projections.pledge_status.filters import PledgeFilters
from projections.pledge_status.told_status import status_document, status_of_document
from tests.databases import new_ledger
from tests.given import (
    ANNOUNCED_ON,
    TODAY,
    announced,
    contributed,
    contribution,
    declined,
    fulfilled,
    header,
    money,
    organisation,
    party,
    reported,
    schools,
    usd,
    validated,
    withdrawn,
)
from tests.lives import histories
from tests.projections.ledgers import append, busy_life, pledge, registered, renamed

references = (f"R-{n:06d}" for n in itertools.count())
same_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


@given(histories)
def test_a_pledge_is_the_same_after_it_was_stored(history: Sequence[PledgeEvent]):
    state: PledgeState | None = None
    for fact in history:
        state = evolved(state, fact)
        assert state is not None
        again = pledge_of(state.document)
        assert again == state.pledge
        assert list(again.contributions) == list(state.pledge.contributions), "in the ledger's order"
        assert state.document == PledgeState(again).document, "whatever is remembered of the state before"


@given(histories)
def test_a_status_is_the_same_after_a_row_told_it(history: Sequence[PledgeEvent]):
    for told in range(len(history)):
        pledge = fold(None, history[: told + 1])
        assert pledge
        status = status_of(pledge)
        assert status_of_document(status_document(status)) == status


@given(histories)
def test_what_is_stated_is_the_same_object_for_as_long_as_it_is_the_same(history: Sequence[PledgeEvent]):
    before = evolved(None, history[0])
    for fact in history[1:]:
        after = evolved(before, fact)
        assert before
        assert after
        same = replace(before.pledge, **{name: getattr(after.pledge, name) for name in STATED}) == before.pledge
        assert (before.description is after.description) == same
        before = after


@given(histories)
def test_read_models_that_begin_with_the_same_document_share_what_each_fact_makes_of_it(history: Sequence[PledgeEvent]):
    first = evolved(None, history[0])
    assert first
    one: PledgeState | None = state_of(first.document)
    another: PledgeState | None = state_of(first.document)
    for fact in history[1:]:
        one, another = evolved(one, fact), evolved(another, fact)
        assert one
        assert one is another
    forget_states()
    assert state_of(first.document).pledge == first.pledge


def test_a_state_is_followed_by_another_for_each_fact_that_is_asked_about():
    announced_, validated_, withdrawn_ = pledge(next(references), announced(), validated(), withdrawn())
    before = evolved(None, announced_)
    assert before
    one, other, one_again = (before.after(fact) for fact in (validated_, withdrawn_, validated_))
    assert one
    assert other
    assert one_again
    assert one.pledge.validated_on
    assert other.pledge.withdrawn_on
    assert one_again.pledge == one.pledge


@same_database
@given(st.lists(histories, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_at_every_position_and_date_the_status_is_the_fold_of_the_facts_known_and_true_by_then(
    service: Service, lives, chance
):
    streams = [pledge(next(references), *history) for history in lives]
    entries = append(service, in_random_groups(streams, chance))
    service.projections.catch_up()

    for stream in streams:
        assert isinstance(stream[0], Announced)
        of_the_pledge = [entry for entry in entries if entry.event.originator_id == stream[0].originator_id]
        for point in points(entries):
            told = [entry for entry in of_the_pledge if at(entry, point)]
            expected = fold(None, [entry.event for entry in told])  # type: ignore[misc]
            row = service.pledges.get(stream[0].reference, at=point)
            assert (row.pledge if row else None) == expected, point
            if row:
                made_by = max(told, key=lambda e: e.position)
                assert (row.position, row.recorded_at) == (made_by.position, made_by.recorded_at)
        assert list(service.pledges.stream(Point(entries[-1].position, date.max)))
    assert_each_state_is_told_once(service)
    for stream in streams:
        assert isinstance(stream[0], Announced)
        now = service.pledges.get(stream[0].reference)
        assert now
        assert now.pledge == fold(None, stream)


def assert_each_state_is_told_once(service: Service) -> None:
    """Every row has a state that is told apart, and each of these is some row's."""
    with service.pool.connection() as connection:
        in_rows = connection.execute(
            "SELECT DISTINCT position, lower(effective) AS since FROM pledge_status.pledges ORDER BY position, since"
        ).fetchall()
        apart = connection.execute(
            "SELECT position, since FROM pledge_status.states ORDER BY position, since"
        ).fetchall()
    assert in_rows == apart


def points(entries: Sequence[Entry]) -> Iterator[Point]:
    """Every position from before the first entry on, with every date at which the answer may be another."""
    days = {entry.event.effective_on for entry in entries}
    for position in range(entries[0].position - 1, entries[-1].position + 1):
        for day in sorted(days | {day - timedelta(days=1) for day in days} | {date.max}):
            yield Point(position, day)


def at(entry: Entry, point: Point) -> bool:
    """Whether a fact belongs to what is known at a point."""
    return entry.position <= point.position and entry.event.effective_on <= point.effective_on


def in_random_groups(streams, chance) -> list[list[PledgeEvent]]:
    """The facts of several pledges in a random order that keeps each one's own, appended in random groups."""
    waiting = [list(stream) for stream in streams]
    groups: list[list[PledgeEvent]] = []
    while any(waiting):
        fact = chance.choice([stream for stream in waiting if stream]).pop(0)
        if groups and chance.random() < 0.4:
            groups[-1].append(fact)
        else:
            groups.append([fact])
    return groups


@same_database
@given(histories, st.integers(-30, 1500))
def test_reporting_health_by_dates_in_the_database_is_that_of_the_domain(service: Service, history, days):
    reference, on = next(references), ANNOUNCED_ON + timedelta(days=days)
    append(service, [pledge(reference, *history)])
    service.projections.catch_up()
    row = service.pledges.get(reference)
    assert row

    found = {
        health
        for health in ReportingHealth
        if service.pledges.page(PledgeFilters(reporting=(health,), q=reference), on=on).items
    }

    assert found == {reporting_health(row.pledge, on)}


def test_interval_rows_follow_each_other_without_gap_and_overlap_even_within_one_append(service: Service):
    entries = append(service, [busy_life("T-1")])
    service.projections.catch_up()

    with service.pool.connection() as connection:
        rows = connection.execute(
            "SELECT lower(positions) AS first, upper(positions) AS last"
            " FROM pledge_status.pledges WHERE upper_inf(effective) ORDER BY lower(positions)"
        ).fetchall()

    positions = [entry.position for entry in entries]
    assert [row["first"] for row in rows] == positions
    assert [row["last"] for row in rows] == [*positions[1:], None]


def test_the_dollars_stand_in_columns_of_their_own(service: Service):
    append(service, [busy_life("T-1")])
    service.projections.catch_up()

    with service.pool.connection() as connection:
        row = connection.execute(
            "SELECT value_usd, delivered_usd, verified_usd FROM pledge_status.pledges"
            " WHERE upper_inf(positions) AND upper_inf(effective)"
        ).fetchone()

    assert row == {"value_usd": Decimal(1000), "delivered_usd": Decimal("12.50"), "verified_usd": Decimal(0)}


def test_a_pledge_that_nobody_announced_is_not_there(service: Service):
    append(service, [busy_life("T-1")])
    service.projections.catch_up()
    assert service.pledges.get("T-2") is None
    assert service.pledges.get("T-1\0") is None
    assert service.pledges.get("T-1", at=Point(0, TODAY)) is None


def test_a_position_that_is_not_reached_is_refused_rather_than_answered_differently_later(service: Service):
    entries = append(service, [busy_life("T-1")])
    with pytest.raises(PositionNotReached):
        service.pledges.get("T-1", at=Point(entries[0].position, TODAY))
    with pytest.raises(PositionNotReached):
        service.pledges.page(PledgeFilters(), on=TODAY, at=Point(entries[0].position, TODAY))


def test_a_page_says_as_of_which_position_and_time_it_is(service: Service):
    first, second = append(service, [busy_life("T-1")[:1], busy_life("T-2")[:1]])
    empty = service.pledges.page(PledgeFilters(), on=TODAY)
    assert (empty.items, empty.next, empty.position, empty.recorded_at) == ((), None, 0, None)

    service.projections.catch_up()

    now = service.pledges.page(PledgeFilters(), on=TODAY)
    assert (now.position, now.recorded_at) == (second.position, second.recorded_at)
    then = service.pledges.page(PledgeFilters(), on=TODAY, at=Point(first.position, TODAY))
    assert (then.position, then.recorded_at) == (first.position, first.recorded_at)
    assert [row.pledge.reference for row in then.items] == ["T-1"]


def test_pages_pinned_to_a_position_do_not_shift_while_writing_goes_on(service: Service):
    streams = [busy_life(f"T-{n:02d}") for n in range(0, 30, 2)]
    append(service, [stream[:2] for stream in streams])
    service.projections.catch_up()
    whole = service.pledges.page(PledgeFilters(lifecycle=(Lifecycle.VALIDATED,)), on=TODAY).items

    pages = [service.pledges.page(PledgeFilters(lifecycle=(Lifecycle.VALIDATED,)), on=TODAY, limit=4)]
    for n in itertools.count():
        if not pages[-1].next:
            break
        # Pledges come before and behind the reader, and those still to be read change so that they would be left out.
        append(service, [busy_life(f"T-{2 * n + 1:02d}")[:2], streams[-1 - n][2:]])
        service.projections.catch_up()
        pages.append(
            service.pledges.page(
                PledgeFilters(lifecycle=(Lifecycle.VALIDATED,)),
                on=TODAY,
                limit=4,
                after=pages[-1].next,
                at=Point(pages[0].position, TODAY),
            )
        )

    assert [len(page.items) for page in pages] == [4, 4, 4, 3]
    assert tuple(row for page in pages for row in page.items) == whole
    assert {(page.position, page.recorded_at) for page in pages} == {(pages[0].position, pages[0].recorded_at)}


LEAD, PARTNER = organisation("Lead"), organisation("Partner", sector=Sector.ACADEMIA)
WANTED = announced(
    schools(10),
    money(usd(5)),
    on=date(2025, 3, 1),
    title="100% of schools, under_scored",
    description="Fibre für Bolívar.",
    type=PledgeType.FINANCIAL,
    focus_area=FocusArea.ADOPTION,
    pillars=("skills",),
    countries=("LAO", "KEN"),
    beneficiary_groups=(BeneficiaryGroup.YOUTH,),
    sdgs=(4, 9),
    wsis_lines=("C2",),
    lead=Party(organisation=LEAD.id, sector=Sector.YOUTH, country="FRA", region=Region.EUROPE),
    partners=(party("Partner"),),
    source=Source(register="fts", record="a", line=1),
)
OTHER = announced(
    title="Something else",
    description="Nothing of the kind.",
    lead=replace(party("Other"), sector=Sector.GOVERNMENT, region=Region.CIS),
    countries=("BRA",),
)
ON = date(2026, 6, 1)


@pytest.fixture(scope="module")
def filterable(postgres: EmbeddedPostgres) -> Iterator[Service]:
    """A register with the wanted pledge and the other one, of which tests only ask."""
    lead = replace(registered("Télécom Group"), originator_id=LEAD.id)
    with new_ledger(postgres) as conninfo, open_on(conninfo) as service:
        append(service, [[lead], pledge("WANTED-1", WANTED, validated(date(2025, 4, 1))), pledge("T-2", OTHER)])
        service.projections.catch_up()
        yield service


@pytest.mark.parametrize(
    "filters",
    [
        PledgeFilters(type=(PledgeType.FINANCIAL,)),
        PledgeFilters(type=(PledgeType.FINANCIAL, PledgeType.POLICY)),
        PledgeFilters(focus_area=(FocusArea.ADOPTION,)),
        PledgeFilters(pillar=("skills", "inclusion")),
        PledgeFilters(sector=(Sector.YOUTH,)),
        PledgeFilters(region=(Region.AFRICA,)),
        PledgeFilters(pledger_region=(Region.EUROPE,)),
        PledgeFilters(country=("LAO",)),
        PledgeFilters(country=("UGA", "KEN")),
        PledgeFilters(target_group=(CountryGroup.LDC,)),
        PledgeFilters(beneficiary_group=(BeneficiaryGroup.YOUTH,)),
        PledgeFilters(sdg=(9,)),
        PledgeFilters(wsis_line=("C2",)),
        PledgeFilters(lead=(LEAD.id,)),
        PledgeFilters(organisation=(LEAD.id,)),
        PledgeFilters(organisation=(PARTNER.id,)),
        PledgeFilters(year=(2025,)),
        PledgeFilters(register=("fts",)),
        PledgeFilters(scaled_up=False, year=(2025,)),
        PledgeFilters(lifecycle=(Lifecycle.VALIDATED,)),
        PledgeFilters(reporting=(ReportingHealth.NEVER_REPORTED,), year=(2025,)),
        PledgeFilters(q="wanted-1"),
        PledgeFilters(q="BOLÍVAR fibre"),
        PledgeFilters(q="boli\u0301var"),
        PledgeFilters(q="100%"),
        PledgeFilters(q="under_scored"),
        PledgeFilters(q="schools TÉLÉCOM"),
    ],
)
def test_a_filter_finds_what_meets_it_and_nothing_else(filterable: Service, filters: PledgeFilters):
    page = filterable.pledges.page(filters, on=ON)
    assert [row.pledge.reference for row in page.items] == ["WANTED-1"]
    pinned = filterable.pledges.page(filters, on=ON, at=Point(page.position, ON))
    assert pinned == page


@pytest.mark.parametrize(
    "filters",
    [
        PledgeFilters(q="sch%ls"),
        PledgeFilters(q="under.scored"),
        PledgeFilters(q="fibre nothinglikeit"),
        PledgeFilters(q="fibre\0"),
        PledgeFilters(country=("\0",)),
        PledgeFilters(type=(PledgeType.FINANCIAL,), focus_area=(FocusArea.ACCESS,)),
        PledgeFilters(scaled_up=True),
        PledgeFilters(year=(2023,)),
    ],
)
def test_what_does_not_meet_every_filter_is_not_found(filterable: Service, filters: PledgeFilters):
    page = filterable.pledges.page(filters, on=ON)
    assert page.items == ()
    assert page.position > 0


def test_without_a_filter_everything_is_found_in_the_order_of_references(service: Service):
    append(service, [busy_life("b"), busy_life("B"), busy_life("a-1"), busy_life("a.1")])
    service.projections.catch_up()
    page = service.pledges.page(PledgeFilters(), on=TODAY)
    assert [row.pledge.reference for row in page.items] == sorted(["b", "B", "a-1", "a.1"])


def test_a_country_that_left_its_group_no_longer_counts_in_it(service: Service):
    append(service, [pledge("T-1", announced(countries=("NPL",)))])
    service.projections.catch_up()
    ldc = PledgeFilters(target_group=(CountryGroup.LDC,))
    assert service.pledges.page(ldc, on=date(2026, 11, 23)).items
    assert not service.pledges.page(ldc, on=date(2026, 11, 24)).items


def test_a_lead_is_found_by_the_name_it_had_at_the_position(service: Service):
    lead = registered("Old Name")
    stream = pledge("T-1", announced(lead=replace(party(), organisation=lead.originator_id)))
    *_, announcement = append(service, [[lead], stream])
    append(service, [[renamed(lead, "New Name")]])
    service.projections.catch_up()

    def found(q: str, at: int | None = None) -> bool:
        return bool(
            service.pledges.page(PledgeFilters(q=q), on=TODAY, at=None if at is None else Point(at, TODAY)).items
        )

    assert (found("new"), found("old")) == (True, False)
    assert (found("new", announcement.position), found("old", announcement.position)) == (False, True)


@pytest.mark.parametrize(
    ("more", "lifecycle"),
    [
        ([], Lifecycle.ANNOUNCED),
        ([validated()], Lifecycle.VALIDATED),
        ([validated(), contributed(contribution("c1", 10))], Lifecycle.IN_PROGRESS),
        ([declined()], Lifecycle.DECLINED),
        ([withdrawn()], Lifecycle.WITHDRAWN),
        ([validated(), reported(ANNOUNCED_ON, TODAY), fulfilled()], Lifecycle.FULFILLED),
    ],
)
def test_a_pledge_is_found_by_the_lifecycle_it_is_in_now(service: Service, more, lifecycle):
    append(service, [pledge("T-1", announced(schools(10)), *more)])
    service.projections.catch_up()
    found = {x for x in Lifecycle if service.pledges.page(PledgeFilters(lifecycle=(x,)), on=TODAY).items}
    assert found == {lifecycle}


@pytest.mark.parametrize(
    "filters",
    [PledgeFilters(lifecycle=(Lifecycle.ANNOUNCED,)), PledgeFilters(q="wait"), PledgeFilters(scaled_up=False)],
    ids=["lifecycle", "words", "scaled up"],
)
def test_pages_of_what_is_looked_for_first_fit_together_too(service: Service, filters: PledgeFilters):
    waiting = [f"W-{n}" for n in range(5)]
    append(service, [pledge(reference, announced(title="Waiting")) for reference in reversed(waiting)])
    service.projections.catch_up()
    at = Point(5, TODAY)

    found: list[str] = []
    after: str | None = None
    for size in (2, 2, 1):
        page = service.pledges.page(filters, on=TODAY, after=after, limit=2, at=at)
        assert len(page.items) == size
        found += [row.pledge.reference for row in page.items]
        after = page.next

    assert found == waiting
    assert after is None


def test_an_amendment_is_searched_by_its_new_words_only(service: Service):
    amended = Amended(
        **header(TODAY), before=Description(title="Skools"), after=Description(title="Schools"), reason="spelling"
    )
    append(service, [pledge("T-1", announced(title="Skools", description="Fibre."), amended)])
    service.projections.catch_up()
    assert service.pledges.page(PledgeFilters(q="schools"), on=TODAY).items
    assert not service.pledges.page(PledgeFilters(q="skools"), on=TODAY).items


def test_a_rebuild_lays_the_states_in_the_order_in_which_they_came(service: Service):
    lives = [busy_life(reference) for reference in itertools.islice(references, 3)]
    append(service, [list(facts) for facts in zip(*lives, strict=True)])

    service.projections.rebuild("pledge_status", lambda done, total: None)

    with service.pool.connection() as connection:
        for table in ("pledges", "states"):
            stored = connection.execute(f"SELECT position FROM pledge_status.{table} ORDER BY ctid").fetchall()
            positions = [row["position"] for row in stored]
            assert len(positions) >= 3 * len(lives[0])
            assert positions == sorted(positions), table
