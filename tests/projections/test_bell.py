"""A bell is heard by a thread that waits for a connection, at once, and not forgotten while nobody waits."""

from __future__ import annotations

import threading
import time

from infrastructure.bootstrap import Service
from projections.bell import Bell

LONG, SHORT = 30.0, 0.2


def test_a_ring_ends_the_waiting(service: Service):
    bell, begun = Bell(), time.monotonic()
    with service.pool.connection() as connection:
        threading.Timer(SHORT, bell.ring).start()
        bell.wait(connection, LONG)
    assert SHORT <= time.monotonic() - begun < LONG / 2


def test_a_ring_that_nobody_waited_for_is_heard_once_by_who_waits_next(service: Service):
    bell = Bell()
    for _ in range(100_000):  # more than anybody takes note of
        bell.ring()
    with service.pool.connection() as connection:
        begun = time.monotonic()
        bell.wait(connection, LONG)
        assert time.monotonic() - begun < LONG / 2


def test_what_the_server_says_ends_the_waiting(service: Service):
    bell, begun = Bell(), time.monotonic()
    with service.pool.connection() as connection, service.pool.connection() as other:
        connection.execute("LISTEN news")
        threading.Timer(SHORT, lambda: other.execute("NOTIFY news")).start()
        bell.wait(connection, LONG)
        assert SHORT <= time.monotonic() - begun < LONG / 2
        assert [notify.channel for notify in connection.notifies(timeout=0)] == ["news"]
        connection.execute("UNLISTEN *")


def test_waiting_ends_where_nothing_comes(service: Service):
    begun = time.monotonic()
    with service.pool.connection() as connection:
        Bell().wait(connection, SHORT)
    assert time.monotonic() - begun >= SHORT
