"""Reads on a replica that is behind for ever, broken, absent, or of another ledger: the primary takes its place.

A copy of the database that nothing is replicated to stands in for a standby that has stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from application.moments import ViewsBehind
from application.reporting_duties import Debts
from infrastructure import read_replica
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.read_replica import ReadReplica
from projections.pinning import Point, PositionNotReached
from projections.pledge_status.filters import PledgeFilters
from projections.pledge_status.view import LatestPledge
from tests.given import TODAY
from tests.projections.ledgers import append, busy_life, registered


@pytest.fixture
def copy(postgres: EmbeddedPostgres, empty_ledger: str) -> Iterator[str]:
    """A copy of the ledger as it was when it had one pledge, with five facts."""
    with open_on(empty_ledger) as service:
        append(service, [busy_life("T-1")])
        service.projections.catch_up()
    name = conninfo_to_dict(empty_ledger)["dbname"]
    of = {"original": sql.Identifier(str(name)), "copy": sql.Identifier(f"{name}_copy")}
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {copy} TEMPLATE {original}").format(**of))
        try:
            yield make_conninfo(empty_ledger, dbname=f"{name}_copy")
        finally:
            connection.execute(sql.SQL("DROP DATABASE {copy} WITH (FORCE)").format(**of))


@contextmanager
def reading_from(replica: str, primary: str) -> Iterator[tuple[Service, ReadReplica]]:
    with open_on(primary, replica=replica) as service:
        assert service.replica is not None
        yield service, service.replica


def grow(service: Service) -> int:
    """Another pledge; the position of its last fact."""
    position = append(service, [busy_life("T-2")])[-1].position
    service.projections.catch_up()
    return position


def listed(service: Service) -> list[str]:
    return [row.pledge.reference for row in service.pledges.page(PledgeFilters(), on=TODAY).items]


def test_what_names_no_position_is_as_the_replica_has_it(copy: str, empty_ledger: str):
    with reading_from(copy, empty_ledger) as (service, replica):
        grow(service)

        assert listed(service) == ["T-1"]
        assert service.pledges.latest(["T-2"]) == {"T-2": LatestPledge(row=None, names={}, position=5)}
        assert (service.timeline.history("T-2").items, service.timeline.history("T-1").position) == ((), 5)
        assert replica.in_use


def test_what_the_replica_lacks_is_never_left_out_in_silence(copy: str, empty_ledger: str):
    with reading_from(copy, empty_ledger) as (service, _):
        position = grow(service)
        at = service.register.moment(position, TODAY)

        for read in (
            lambda: list(service.register.entries(position)),
            lambda: list(service.register.reports(position)),
            lambda: list(service.register.changed(at, at)),
            lambda: service.register.due(at, Debts()),
            lambda: list(service.register.statuses(at)),
            lambda: service.register.running_totals(at),
            lambda: service.timeline.history("T-2", at=Point(position, TODAY)),
        ):
            with pytest.raises(PositionNotReached):
                read()


def test_one_read_waits_in_vain_and_then_the_primary_is_read(
    copy: str, empty_ledger: str, caplog: pytest.LogCaptureFixture
):
    with reading_from(copy, empty_ledger) as (service, replica):
        position = grow(service)
        assert listed(service) == ["T-1"]

        with pytest.raises(ViewsBehind):
            service.register.wait_for(position, 2.0)

        assert not replica.in_use
        service.register.wait_for(position, 2.0)
        assert listed(service) == ["T-1", "T-2"]
        assert len(list(service.register.entries(position))) == position
        assert "did not get to position 10" in caplog.text


def test_the_replica_is_not_turned_to_again_before_it_has_what_was_promised(
    copy: str, empty_ledger: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(read_replica, "LOOK_EVERY_SECONDS", 0.0)
    with reading_from(copy, empty_ledger) as (service, replica):
        position = grow(service)
        assert not replica.wait_until(position, 2.0)

        for _ in range(3):
            assert replica.wait_until(position, 2.0)
            assert listed(service) == ["T-1", "T-2"]
        assert not replica.in_use


def test_a_replica_that_has_long_been_behind_is_not_read(
    copy: str, empty_ledger: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(read_replica, "LOOK_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(read_replica, "MOST_BEHIND_SECONDS", 0.0)
    with reading_from(copy, empty_ledger) as (service, replica):
        assert listed(service) == ["T-1"]
        grow(service)

        assert [listed(service) for _ in range(3)][1:] == [["T-1", "T-2"]] * 2
        assert not replica.in_use
        assert caplog.text.count("seconds behind") == 1


def test_what_fails_on_the_replica_is_read_on_the_primary(
    copy: str, empty_ledger: str, caplog: pytest.LogCaptureFixture
):
    with reading_from(copy, empty_ledger) as (service, replica):
        assert listed(service) == ["T-1"]
        with psycopg.connect(copy, autocommit=True) as connection:
            connection.execute("DROP SCHEMA pledge_status CASCADE")

        assert listed(service) == ["T-1"]
        assert not replica.in_use
        assert caplog.text.count("reads go to the primary") == 1


def test_a_replica_that_is_away_is_looked_for_by_one_reader_now_and_then(
    empty_ledger: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    looks: list[ReadReplica] = []
    examined = ReadReplica._examined

    def look(replica: ReadReplica) -> Mapping[str, int]:
        looks.append(replica)
        return examined(replica)

    monkeypatch.setattr(ReadReplica, "_examined", look)
    monkeypatch.setattr(read_replica, "LOOK_EVERY_SECONDS", 60.0)
    away = make_conninfo(empty_ledger, host="127.0.0.1", port=1)

    with reading_from(away, empty_ledger) as (service, replica), ThreadPoolExecutor(8) as readers:
        position = append(service, [[registered()]])[-1].position
        service.projections.catch_up()
        assert list(readers.map(lambda _: listed(service), range(40))) == [[]] * 40
        assert replica.wait_until(position, 2.0)

        assert looks == [replica]
        assert caplog.text.count("reads go to the primary") == 1


def test_another_ledger_is_not_read(copy: str, empty_ledger: str, caplog: pytest.LogCaptureFixture):
    with psycopg.connect(copy, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE ledger.identity SET id = gen_random_uuid()")
    with reading_from(copy, empty_ledger) as (service, replica):
        grow(service)

        assert listed(service) == ["T-1", "T-2"]
        assert not replica.in_use
        assert "no copy of this ledger" in caplog.text
