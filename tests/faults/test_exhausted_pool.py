"""No connection is free, or another session holds a lock: below HTTP, where the service and the database meet.

It passes when whoever waits for a connection, for a turn to append, or for a table or row that is locked, is told
within five seconds that the database is busy (`UNAVAILABLE` or `LedgerBusy`, which are answered with 503 and
`Retry-After`); when nothing of what was refused is stored; and when everything goes on as soon as the connection or the
lock is free.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from application.commands import Request
from application.ledger import LedgerBusy
from application.sample.story import BDT
from domain.commands import Announce, TargetStatement
from domain.organisation import Register
from domain.values import Actor
from domain.vocabulary import FocusArea, PledgeType, Role, Sector
from infrastructure.bootstrap import Service
from infrastructure.database import UNAVAILABLE
from infrastructure.readiness import examine

TOLD_WITHIN_SECONDS = 5.0
READY_AGAIN_WITHIN_SECONDS = 30.0
BUSY = (*UNAVAILABLE, LedgerBusy)


@contextmanager
def told_in_time() -> Iterator[None]:
    """What is done inside is refused, in time, since the database is busy."""
    started = time.monotonic()
    with pytest.raises(BUSY):
        yield
    assert time.monotonic() - started < TOLD_WITHIN_SECONDS


def register(service: Service) -> UUID:
    return service.commands.register(Register(name="Steadfast", sector=Sector.OTHER), Request(actor=BDT)).state.id


def announce(service: Service, lead: UUID) -> str:
    promise = Announce(
        lead=lead,
        title="Schools",
        description="A sample.",
        type=PledgeType.PROGRAMMATIC,
        focus_area=FocusArea.ACCESS,
        announced_on=service.commands.circumstances(Request(actor=BDT)).today,
        targets=(TargetStatement(id="schools", measure="schools_connected", value=Decimal(10)),),
    )
    pledger = Actor(role=Role.STAKEHOLDER, organisation=lead)
    return service.commands.announce(promise, Request(actor=pledger)).state.reference


@contextmanager
def every_connection_in_use(service: Service) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(service.pool.max_size):
            stack.enter_context(service.pool.connection())
        yield


@pytest.mark.parametrize(
    "ask",
    [
        register,
        lambda service: service.ledger.organisation(uuid4()),
    ],
)
def test_who_gets_no_connection_is_told_in_time(service: Service, ask: Callable[[Service], object]) -> None:
    with every_connection_in_use(service), told_in_time():
        ask(service)

    assert service.ledger.position == 0
    ask(service)


def test_a_service_without_a_free_connection_says_that_it_is_not_ready(service: Service) -> None:
    with every_connection_in_use(service):
        started = time.monotonic()
        assert [fault.part for fault in examine(service).faults] == ["database"]
        assert time.monotonic() - started < TOLD_WITHIN_SECONDS

    deadline = time.monotonic() + READY_AGAIN_WITHIN_SECONDS
    while faults := examine(service).faults:
        assert time.monotonic() < deadline, faults


@pytest.mark.parametrize("table", ["events", "commands"])
def test_who_meets_a_locked_table_is_told_in_time(service: Service, empty_ledger: str, table: str) -> None:
    lead = register(service)
    before = service.ledger.position

    def command() -> str:
        return announce(service, lead)

    if table == "commands":

        def command() -> str:
            request = Request(actor=BDT, idempotency_key="k", fingerprint=b"f")
            return str(service.commands.register(Register(name="Other", sector=Sector.OTHER), request).state.id)

    with psycopg.connect(empty_ledger) as other:
        other.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier("ledger", table)))
        with told_in_time():
            command()
        other.rollback()

    assert service.ledger.position == before
    assert command()


def test_who_meets_a_locked_row_is_told_in_time(service: Service, empty_ledger: str) -> None:
    lead = register(service)
    first = announce(service, lead)
    with psycopg.connect(empty_ledger) as other:
        other.execute("SELECT FROM ledger.reference_numbers FOR UPDATE")
        with told_in_time():
            announce(service, lead)
        other.rollback()

    assert announce(service, lead) > first
