"""The process that follows the ledger while there is much to follow: it comes, leads, and goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import psutil
import pytest

from infrastructure import deputy, follower
from infrastructure.bootstrap import Service, open_on
from infrastructure.deputy import HERE, Errand, FollowerProcess
from projections import runner
from projections.bell import Bell
from projections.deputy import News
from tests.infrastructure.test_event_store import registered
from tests.service_process import ServiceProcess, free_port

SOON = 20.0


def errand(conninfo: str, role: str | None = None) -> Errand:
    return Errand(conninfo=conninfo, role=role, log_level="warning", log_as_json=True)


@pytest.fixture
def following(empty_ledger: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service that finds that every round is much to follow."""
    monkeypatch.setattr(runner, "MUCH_TO_FOLLOW_ROUNDS", 1)
    monkeypatch.setattr(runner, "MUCH_TO_FOLLOW_ENTRIES", 1)
    with open_on(empty_ledger, deputy=lambda role: FollowerProcess(errand(empty_ledger, role))) as service:
        service.projections.start()
        yield service


def until(so: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SOON
    while not so():
        assert time.monotonic() < deadline, "it never was so"
        time.sleep(0.01)


def deputies(of: int | None = None) -> list[psutil.Process]:
    """The processes that follow for this process, or another one."""
    return [
        child
        for child in psutil.Process(of).children()
        if child.status() != psutil.STATUS_ZOMBIE and "infrastructure.follower" in child.cmdline()
    ]


def append_until(service: Service, so: Callable[[], object]) -> None:
    """Append one fact after the other until something is so."""

    def is_so() -> bool:
        service.ledger.append([registered()])
        return bool(so())

    until(is_so)


def is_told(service: Service) -> bool:
    """Whether the read models get to where the ledger is."""
    return service.projections.wait_until(service.ledger.position, SOON)


def follows_for(service: Service) -> bool:
    """Whether a deputy leads in place of the service's own thread."""
    process = service.projections._deputy
    return service.projections.leading and process is not None and process.is_here


def test_it_comes_while_much_is_appended_and_keeps_the_read_models_up(following: Service) -> None:
    assert not deputies()

    append_until(following, lambda: follows_for(following))

    assert len(deputies()) == 1
    for _ in range(20):
        following.ledger.append([registered()])
        assert is_told(following)
    assert {status.lag for status in following.projections.status().values()} == {0}
    assert following.projections.problem is None


def test_it_goes_when_nothing_was_to_be_followed_for_a_while_and_comes_again(
    following: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_until(following, lambda: follows_for(following))
    monkeypatch.setattr(deputy, "HERE_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(deputy, "REST_AFTER_SECONDS", 0.2)

    until(lambda: not deputies() and following.projections.leading)

    following.ledger.append([registered()])
    assert is_told(following)
    monkeypatch.setattr(deputy, "REST_AFTER_SECONDS", 60)
    append_until(following, lambda: follows_for(following))


def test_one_that_looks_and_finds_nothing_new_is_sent_away_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deputy, "REST_AFTER_SECONDS", 0.3)
    process, heard = FollowerProcess(errand("")), list[News]()
    process._line, theirs = Pipe()
    nothing_new = msgspec.json.encode(News(leading=True, problem=None, reached={"timeline": 7}))
    has_gone = threading.Event()

    def look_again_and_again() -> None:
        looks = 0
        while looks < 200 and not has_gone.wait(0.02):
            looks += 1
            theirs.send_bytes(nothing_new)
        theirs.close()

    looking = threading.Thread(target=look_again_and_again)
    looking.start()
    try:
        process.follow(Bell(), heard.append)
    finally:
        has_gone.set()
        looking.join()
        process.dismiss()
    assert 1 < len(heard) < 200


def test_the_service_follows_by_itself_again_after_it_was_killed(following: Service) -> None:
    append_until(following, lambda: follows_for(following))

    deputies()[0].kill()

    until(lambda: following.projections.leading and not deputies())
    append_until(following, lambda: is_told(following))
    assert not deputies(), "one that was lost is not called again at once"


def test_one_that_hangs_is_replaced(following: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    append_until(following, lambda: follows_for(following))
    for name, seconds in (("HERE_EVERY_SECONDS", 0.1), ("SILENT_AFTER_SECONDS", 0.5), ("ENDS_WITHIN_SECONDS", 0.5)):
        monkeypatch.setattr(deputy, name, seconds)

    deputies()[0].suspend()

    until(lambda: not deputies())
    append_until(following, lambda: is_told(following))


def test_it_ends_with_the_service(following: Service) -> None:
    append_until(following, lambda: follows_for(following))
    (process,) = deputies()

    following.stop()

    assert not process.is_running()
    assert not following.projections.leading


def test_it_ends_when_the_service_was_killed(empty_ledger: str) -> None:
    with ServiceProcess(free_port(), database_url=empty_ledger, log_level="warning") as served:
        served.wait_until_ready()
        with open_on(empty_ledger) as here:
            append_until(here, lambda: deputies(served.process.pid))
        (process,) = deputies(served.process.pid)

        served.kill()

        process.wait(SOON)


def test_where_no_process_can_be_started_the_service_follows_by_itself(
    following: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no room for another process")

    monkeypatch.setattr("infrastructure.deputy.subprocess.Popen", refuse)
    for _ in range(5):
        following.ledger.append([registered()])
        assert is_told(following)
    assert not deputies()


@pytest.mark.usefixtures("own_logs")
def test_one_of_another_version_does_not_come(empty_ledger: str) -> None:
    ours, theirs = Pipe()
    newer = replace(errand(empty_ledger), versions={"pledge_status": 1_000})
    ours.send_bytes(msgspec.json.encode(newer))
    follower.follow(theirs)
    theirs.close()
    with pytest.raises(EOFError):
        ours.recv_bytes()


@pytest.mark.usefixtures("own_logs")
@pytest.mark.parametrize("told", [b"", msgspec.json.encode(errand("dbname=nowhere"))])
def test_a_service_that_hangs_up_at_once_is_no_fault(told: bytes) -> None:
    ours, theirs = Pipe()
    if told:
        ours.send_bytes(told)
    ours.close()
    follower.follow(theirs)
    theirs.close()


@contextmanager
def followed(conninfo: str) -> Iterator[tuple[Connection[Any, Any], threading.Thread]]:
    """What the process does, in a thread of this one, and the service's end of its line."""
    ours, theirs = Pipe()
    thread = threading.Thread(target=follower.follow, args=(theirs,))
    thread.start()
    ours.send_bytes(msgspec.json.encode(errand(conninfo)))
    assert ours.recv_bytes() == b"here"
    yield ours, thread
    ours.close()
    thread.join(SOON)
    assert not thread.is_alive()


def news(line: Connection[Any, Any]) -> News:
    assert line.poll(SOON), "it said nothing"
    return msgspec.json.decode(line.recv_bytes(), type=News)


@pytest.mark.usefixtures("own_logs")
def test_it_tells_that_it_leads_and_how_far_it_is_until_the_service_hangs_up(empty_ledger: str) -> None:
    with open_on(empty_ledger) as service, followed(empty_ledger) as (line, _):
        service.ledger.append([registered()])
        told = news(line)
        while 1 not in told.reached.values():
            told = news(line)
        assert told.leading
        assert told.problem is None


@pytest.mark.usefixtures("own_logs")
def test_it_answers_a_service_that_lives_and_ends_where_it_says_nothing(
    empty_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_on(empty_ledger), followed(empty_ledger) as (line, thread):
        while line.poll(1):
            line.recv_bytes()
        line.send_bytes(HERE)
        assert news(line).leading
        monkeypatch.setattr(follower, "ALONE_AFTER_SECONDS", 0.1)
        thread.join(SOON)
        assert not thread.is_alive()


def test_a_bell_is_heard_although_nobody_is_at_the_line() -> None:
    bell, (ours, _theirs) = Bell(), Pipe()
    bell.ring()
    assert bell.wait(ours, SOON)
    assert not bell.wait(ours, 0)
