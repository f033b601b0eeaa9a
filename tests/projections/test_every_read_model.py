"""What holds for every read model, whatever it tells."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from psycopg import Cursor
from psycopg.rows import DictRow

from audit.envelope import Entry, Envelopes
from infrastructure.bootstrap import Service
from projections import tracking
from projections.catalogue import READ_MODELS
from projections.ledger_entries import EntryReader
from projections.read_model import ReadModel
from projections.rebuild import rebuild
from projections.runner import ReadModelFailed
from projections.tracking import Overtaken
from tests.projections.ledgers import append, busy_life, facts, forget, registered, runner, tables

every_read_model = pytest.mark.parametrize("model", READ_MODELS, ids=lambda model: model.name)


@every_read_model
def test_it_is_the_same_applied_one_by_one_or_in_one_batch_or_rebuilt(service: Service, model: ReadModel):
    append(service, facts())
    runner(service.pool, model, batch=1).catch_up()
    one_by_one = tables(service.pool, model)

    forget(service.pool, model)
    runner(service.pool, model).catch_up()
    in_one_batch = tables(service.pool, model)

    assert any(lines for table, lines in one_by_one.items() if table != "tracking")
    assert one_by_one == in_one_batch
    following = replace(model, builder=None, positions=None)
    for largest, way in itertools.product([1, 2, 1_000], [model, following]):
        rebuild(service.pool, [way], Envelopes(), lambda done, total: None, batch=largest)
        assert one_by_one == tables(service.pool, model), f"{largest} at a time, {way=}"


@every_read_model
def test_nothing_can_be_applied_twice(service: Service, model: ReadModel):
    append(service, facts())
    service.projections.catch_up()
    before = tables(service.pool, model)

    with service.pool.connection() as connection:
        batch = EntryReader(Envelopes(), 1_000).after(connection, 0)
        with pytest.raises(Overtaken):
            tracking.apply(connection, model, batch)

    assert batch.entries
    assert tables(service.pool, model) == before


@every_read_model
def test_nothing_can_be_left_out(service: Service, model: ReadModel):
    append(service, facts())
    before = tables(service.pool, model)

    with service.pool.connection() as connection:
        batch = EntryReader(Envelopes(), 1_000).after(connection, 3)
        with pytest.raises(Overtaken):
            tracking.apply(connection, model, batch)

    assert tables(service.pool, model) == before


@every_read_model
def test_a_fault_between_change_and_commit_leaves_neither_the_change_nor_the_position(
    service: Service, model: ReadModel
):
    append(service, facts())
    service.projections.catch_up()
    before = tables(service.pool, model)
    append(service, [busy_life("T-3"), [registered("Third")]])

    def change_and_fail(cursor: Cursor[DictRow], entries: Sequence[Entry]) -> None:
        model.apply(cursor, entries)
        raise RuntimeError("power cut")

    with pytest.raises(ReadModelFailed, match="power cut"):
        runner(service.pool, replace(model, apply=change_and_fail)).catch_up()

    after = tables(service.pool, model)
    assert after.pop("tracking") != before.pop("tracking"), "the error is noted"
    assert after == before
    assert service.projections.status()[model.name].position == len([e for group in facts() for e in group])


@every_read_model
def test_it_is_complete_when_it_has_caught_up(service: Service, model: ReadModel):
    entries = append(service, facts())
    assert service.projections.status()[model.name].lag == len(entries)

    assert service.projections.catch_up() == entries[-1].position

    status = service.projections.status()[model.name]
    assert (status.position, status.lag, status.error) == (entries[-1].position, 0, None)
    assert status.recorded_at == entries[-1].recorded_at


@every_read_model
def test_tables_that_somebody_dropped_are_made_again(service: Service, model: ReadModel):
    append(service, facts())
    service.projections.catch_up()
    before = tables(service.pool, model)
    table = min(model.table_names - {"tracking"})
    with service.pool.connection() as connection:
        connection.execute(f"DROP TABLE {model.name}.{table}")

    service.projections.catch_up()

    assert tables(service.pool, model) == before


@every_read_model
def test_tables_of_another_version_are_rebuilt(service: Service, model: ReadModel):
    append(service, facts())
    service.projections.catch_up()
    before = tables(service.pool, model)
    with service.pool.connection() as connection:
        connection.execute(f"UPDATE {model.name}.tracking SET version = 99, position = 3")
        for table in model.table_names - {"tracking"}:
            connection.execute(f"DELETE FROM {model.name}.{table}")

    service.projections.catch_up()

    assert tables(service.pool, model) == before
