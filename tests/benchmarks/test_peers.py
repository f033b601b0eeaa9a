"""Each contender does what it says: a figure of work that was not done would be worse than none."""

from decimal import Decimal

import psycopg
import pytest
from psycopg.rows import dict_row

from benchmarks.appending import Counted, StoredTooLittle, Threads
from benchmarks.bench import stock_environment
from benchmarks.peers import stock_projection
from benchmarks.peers.stock_library import NothingDelivered, StockPledge, StockPledges, save_lives
from benchmarks.statements import milliseconds_in_database, noted
from benchmarks.streaming import from_bundles, from_log, from_log_decoded, from_table
from benchmarks.workload import fill, rebuild_all, untold
from infrastructure.bootstrap import open_on
from projections.catalogue import READ_MODELS
from projections.transparency.changes import TRANSPARENCY

PLEDGES, EACH = 6, 4


class Store:
    """A contender in memory, which keeps a part of what it is given."""

    def __init__(self, *, keeps=1.0):
        self.said, self.keeps = 0, keeps

    def round(self, writers, seconds):
        self.said += 10 * writers
        return [0.001] * 10 * writers, seconds

    def stored(self):
        return int(self.said * self.keeps)


def test_what_a_contender_says_it_stored_is_held_against_what_it_stored():
    honest, other = Counted(Store()), Counted(Store(keeps=0.9))

    assert honest.round(4, 2.0) == {"rate": 20.0, "p99": 1.0}
    assert other.round(4, 2.0) == {"rate": 20.0, "p99": 1.0}

    honest.require_stored()
    with pytest.raises(StoredTooLittle, match="40 events were said to be stored, 36 are"):
        other.require_stored()


def test_all_threads_write_and_every_event_is_counted():
    written: list[int] = []
    threads = Threads(lambda number: lambda: written.append(number), lambda: len(written))

    took, _ = threads.round(3, 0.05)

    assert set(written) == {0, 1, 2}
    assert len(took) == len(written)


def test_the_stock_library_loads_decides_and_saves(empty_database):
    app = StockPledges(env=stock_environment(empty_database, connections=2))
    save_lives(app, ["P2C-2025-000001"], 3)

    pledge, position = app.contribute("P2C-2025-000001", "schools", Decimal(2), "2025-01-02")

    assert (pledge.version, pledge.delivered, position) == (4, Decimal(4), 4)
    with pytest.raises(NothingDelivered):
        app.contribute("P2C-2025-000001", "schools", Decimal(0), "2025-01-02")
    assert app.repository.get(StockPledge.create_id("P2C-2025-000001")).version == 4
    app.close()


def test_everything_is_streamed(empty_database):
    app = StockPledges(env=stock_environment(empty_database, connections=2))
    save_lives(app, [f"P2C-2025-{n:06d}" for n in range(60)], 2)

    assert from_log(app) == from_log_decoded(app) == 120
    app.close()


@pytest.mark.parametrize("stream", [from_table, from_bundles])
def test_the_ledger_is_streamed(service, stream):
    read: list[bytes] = []
    assert stream(service, read.append) == 0
    assert fill(service, PLEDGES, EACH) == PLEDGES * EACH
    service.projections.rebuild(TRANSPARENCY.name, untold)

    assert stream(service, read.append) == PLEDGES * EACH

    assert read == [service.ledger.stored_at(position) for position in range(1, PLEDGES * EACH + 1)]


def rows(conninfo, table):
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        found = connection.execute(f"SELECT * FROM {table}").fetchall()
    return sorted(map(repr, found))


def test_the_stock_runner_tells_the_read_models_what_a_rebuild_tells_them(empty_database):
    everything = PLEDGES * EACH
    with open_on(empty_database) as service:
        fill(service, PLEDGES, EACH)
        environment = stock_environment(empty_database, connections=4)
        stock_projection.fill(empty_database, environment, everything)
        stock_projection.project(environment, everything, seconds=60)
        tables = [f"{model.name}.{table}" for model in READ_MODELS for table in model.table_names - {"tracking"}]
        one_by_one = {table: rows(empty_database, table) for table in tables}
        assert len(one_by_one["pledge_status.pledges"]) == everything

        rebuild_all(service)

        assert {table: rows(empty_database, table) for table in tables} == one_by_one


def test_what_was_told_is_forgotten_for_the_next_round(empty_database):
    with open_on(empty_database) as service:
        fill(service, PLEDGES, EACH)
        environment = stock_environment(empty_database, connections=4)
        stock_projection.fill(empty_database, environment, 4)
        for _ in range(2):
            stock_projection.forget(empty_database)
            assert rows(empty_database, "pledge_status.pledges") == []
            stock_projection.project(environment, 4, seconds=60)
            assert len(rows(empty_database, "pledge_status.pledges")) == 4


def test_the_statements_of_a_question_are_noted_and_no_others(service):
    with noted(service.pool) as statements:
        assert service.ledger.position == 0
    service.ledger.stored_at(1)

    assert [statement.text for statement in statements] == [
        "SELECT max(notification_id) AS position FROM ledger.events"
    ]
    assert milliseconds_in_database(service.pool, lambda: service.ledger.position) > 0
