"""A ledger that is signed, or not yet, and what its superuser can do to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from application.commands import Request
from audit.checkpoint import Checkpoint, SignedCheckpoint
from audit.signed_note import Note
from domain.events import PledgeEvent
from domain.identity import pledge_id
from domain.organisation import Register
from domain.values import Actor
from domain.vocabulary import Role, Sector
from infrastructure.bootstrap import Service, open_on
from infrastructure.signing import Signing
from projections.transparency.changes import TRANSPARENCY
from tests.given import announced, schools
from tests.projections.ledgers import append, busy_life, pledge, registered
from tests.superuser import superuser

PLEDGE, EVENTS = "P2C-2024-000001", 5
"""A pledge that BDT has admitted, and how many events it has."""

WAITING, SECRET = "P2C-2024-000010", "Quetzalcoatl"
"""A pledge that BDT has not admitted, and a word that stands only in that."""

PLEDGES = 70
"""So many that the tree has more than one tile of hashes."""


@contextmanager
def signed_ledger(conninfo: str, keys: Path) -> Iterator[Service]:
    """A service that signs, with a few hundred entries."""
    with open_on(conninfo, signing=Signing(folder=keys, origin="example.org/v1/ledger")) as service:
        references = (f"P2C-2024-{number:06d}" for number in range(1, PLEDGES + 1))
        append(service, [[registered("Lead")], *map(_life, references)])
        yield service


def _life(reference: str) -> list[PledgeEvent]:
    if reference == WAITING:
        history = pledge(reference, announced(schools(10), title=SECRET, description=SECRET))
    else:
        history = busy_life(reference)
    return [replace(event, originator_id=pledge_id(reference)) for event in history]


def signed_up_to_now(service: Service) -> SignedCheckpoint:
    """The latest checkpoint, once it has everything that is recorded."""
    head, deadline = service.ledger.position, time.monotonic() + 20
    while not (found := service.checkpoints.latest()) or found.size < head:
        assert time.monotonic() < deadline, "nothing is signed"
        time.sleep(0.02)
    return found.signed


def grow(service: Service) -> None:
    """Record one more entry."""
    joined = Register(name=f"Newcomer {uuid4()}", sector=Sector.OTHER)
    service.commands.register(joined, Request(actor=Actor(role=Role.BDT)))


@contextmanager
def nothing_signed(service: Service) -> Iterator[None]:
    """For a while nothing is signed."""
    service.signer.stop()
    try:
        yield
    finally:
        service.signer.start(
            lambda size, seconds: service.projections.wait_until(size, seconds, TRANSPARENCY.name),
            lambda: service.projections.leading,
        )


def forged(service: Service, size: int, root: bytes) -> SignedCheckpoint:
    """A checkpoint that the ledger's own key signed, of another history."""
    file = service.signer.key_file
    assert file
    keys = file.signing_keys()
    checkpoint = Checkpoint(origin=keys[0].name, size=size, root=root)
    return SignedCheckpoint(checkpoint=checkpoint, note=Note.signed(checkpoint.text(), keys))


@contextmanager
def changed_entry(service: Service, position: int, before: str, after: str) -> Iterator[None]:
    """For a while the bytes of an entry are others than those that were signed."""
    [stored] = service.transparency.stored([position]).values()
    assert before.encode() in stored
    _write(
        service,
        "UPDATE ledger.events SET state = %s WHERE notification_id = %s",
        stored.replace(before.encode(), after.encode()),
        position,
    )
    try:
        yield
    finally:
        _write(service, "UPDATE ledger.events SET state = %s WHERE notification_id = %s", stored, position)


@contextmanager
def deleted_entry(service: Service, position: int) -> Iterator[None]:
    """For a while an entry is not there."""
    with superuser(service) as connection:
        connection.execute("SET session_replication_role = replica")
        row = connection.execute(
            "DELETE FROM ledger.events WHERE notification_id = %s RETURNING *", (position,)
        ).fetchone()
    try:
        yield
    finally:
        _write(service, "INSERT INTO ledger.events VALUES (%s, %s, %s, %s, %s, %s)", *(row or ()))


@contextmanager
def changed_note(service: Service, note: bytes) -> Iterator[None]:
    """For a while the latest checkpoint is stored with another note."""
    latest = service.checkpoints.latest()
    assert latest
    _write(service, "UPDATE ledger.checkpoints SET note = %s WHERE size = %s", note, latest.size)
    try:
        yield
    finally:
        _write(service, "UPDATE ledger.checkpoints SET note = %s WHERE size = %s", latest.note, latest.size)


def _write(service: Service, statement: str, *values: object) -> None:
    """Do what a superuser can, triggers or not."""
    with superuser(service) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement.encode(), values)
