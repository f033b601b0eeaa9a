"""A read model that was rebuilt is the one that was kept up, row by row, whatever happened to however many pledges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import groupby, zip_longest
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.envelope import Entry, Envelopes
from domain.events import AnyEvent
from domain.pledge import fold
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from projections.catalogue import READ_MODELS
from projections.histories import History, undivided
from projections.pledge_state import PledgeState
from projections.portfolio import building
from projections.rebuild import rebuild
from tests.databases import new_database
from tests.given import ANNOUNCED_ON
from tests.portfolios import Portfolio, portfolios
from tests.projections.ledgers import busy_life, facts, forget, recorded_ledger, registered, renamed, runner, tables

SPREAD = st.lists(st.integers(0, 90), min_size=40, max_size=40)
"""By how many days each fact is recorded after the one before; facts that are true later than that lie ahead."""


@pytest.fixture(scope="module")
def shared(postgres: EmbeddedPostgres) -> Iterator[Service]:
    with new_database(postgres) as conninfo, open_on(conninfo) as service:
        yield service


def interleaved(portfolio: Portfolio, spread: Sequence[int]) -> list[tuple[datetime, AnyEvent]]:
    """The facts of all pledges and of a stakeholder by turns, each with the instant at which it was recorded."""
    lead = registered("Lead")
    histories: list[Sequence[AnyEvent]] = [[lead, renamed(lead, "Leader")], *portfolio.values()]
    in_order = [fact for turn in zip_longest(*histories) for fact in turn if fact]
    at = datetime.combine(ANNOUNCED_ON, time(9), UTC)
    recorded: list[tuple[datetime, AnyEvent]] = []
    for n, fact in enumerate(in_order):
        at += timedelta(days=spread[n % len(spread)], seconds=1)
        recorded.append((at, fact))
    return recorded


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(portfolios, SPREAD, st.integers(1, 30), st.integers(1, 30), st.sampled_from((0, 50, building.MOST_SUMS)))
def test_all_of_them_rebuilt_together_are_those_that_were_kept_up(
    shared: Service, portfolio: Portfolio, spread: Sequence[int], followed: int, rebuilt: int, in_memory: int
):
    recorded_ledger(shared, interleaved(portfolio, spread))
    for model in READ_MODELS:
        forget(shared.pool, model)
    runner(shared.pool, batch=followed).catch_up()
    kept = {model.name: tables(shared.pool, model) for model in READ_MODELS}

    with mock.patch.object(building, "MOST_SUMS", in_memory):
        rebuild(shared.pool, READ_MODELS, Envelopes(), lambda done, total: None, batch=rebuilt)

    assert {model.name: tables(shared.pool, model) for model in READ_MODELS} == kept


def entries(*histories: Sequence[AnyEvent]) -> list[Entry]:
    return [
        Entry(position=1, event=fact, event_id=fact.event_id, type="", recorded_at=datetime.now(UTC))
        for history in histories
        for fact in history
    ]


@given(st.integers(1, 12), st.integers(1, 12))
def test_a_history_is_never_divided_however_the_ledger_is_read(part: int, largest: int):
    read = entries(busy_life("T-1"), [registered()], busy_life("T-2"))
    parts = [read[at : at + part] for at in range(0, len(read), part)]

    together = list(undivided(parts, largest))

    found = [history.entries for histories in together for history in histories]
    assert found == [tuple(history) for _, history in groupby(read, lambda entry: entry.event.originator_id)]
    assert all(sum(len(history.entries) for history in histories[:-1]) < largest for histories in together)


def test_a_ledger_without_entries_has_no_histories():
    assert list(undivided([], 10)) == []


def test_each_step_of_a_history_has_the_pledge_before_and_after_it():
    life = busy_life("T-1")
    steps = History(entries(life)).steps
    folded = [fold(None, life[: n + 1]) for n in range(len(life))]
    assert [step.after.pledge if step.after else None for step in steps] == folded
    assert [step.before for step in steps] == [None, *(step.after for step in steps[:-1])]
    assert steps[2].evolve(steps[2].before) is steps[2].after
    assert steps[2].before
    other = replace(steps[2].before.pledge, title="Other")
    after = steps[2].evolve(PledgeState(other))
    assert after
    assert after.pledge == fold(other, [life[2]])


def test_a_history_that_is_about_no_pledge_has_no_steps():
    assert History(entries(facts()[0])).steps == []
