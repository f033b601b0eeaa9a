"""Appends to the ledger in one transaction, under the ledger's lock: all that still can be made, no others.

The transaction takes the lock, makes sure of whatever the appends were decided on, numbers their entries from the head
of the ledger without a gap, stamps them with the database's clock (never before the head's own time) and inserts them
with their receipts; the lock is released by the commit. So positions become visible in their order, recorded time never
runs backwards, and no reader can pass over an entry that is committed later with a lower position.

As a rule all is as the appends expect, and then the transaction is one statement, however many they are. Where
something is otherwise, nothing is recorded by it, and another transaction asks first how the ledger stands.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Self
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

from application.ledger import LedgerRolledBack
from application.ports import PublishedBytes, Receipt
from audit.envelope import Unstamped, open_at
from infrastructure.append_standing import Standing, expected_versions, tokens_of
from infrastructure.append_statements import APPEND, HOW_IT_STANDS, RECORD_SNAPSHOT, TAKE_TURN
from infrastructure.appends import Append, Appended, Obstacle, Stored
from infrastructure.columns import Bigints, Byteas, Texts, Uuids
from infrastructure.locks import APPEND_LOCK

INSERTED_AT_ONCE = 2_000
"""How many entries are inserted by one statement, so that none of an import of very many takes longer than any may."""

Connection = psycopg.Connection[DictRow]
AsyncConnection = psycopg.AsyncConnection[DictRow]


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry before those that are appended: its position, and the time at which they are recorded."""

    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What has to be so for an append: how far the ledger goes at least, versions of histories, and good tokens."""

    signed: int = 0
    versions: Mapping[UUID, int] = field(default_factory=dict)
    tokens: Collection[UUID] = ()


ANYTHING = Expected()


def append_together(
    connection: Connection, appends: Sequence[Append], *, signed: int, deadline: float
) -> Sequence[Appended]:
    """Make in one transaction those of the appends that can be made, in their order; what became of each.

    The lock is waited for until `deadline`, by the monotonic clock. Raises LedgerRolledBack where the ledger ends
    before the `signed` entries, psycopg.Error where nothing was stored, and where the answer to the commit was lost.
    """
    within = _milliseconds_until(deadline)
    return _as_expected(connection, appends, signed, within) or _as_it_stands(
        connection, appends, signed, _milliseconds_until(deadline)
    )


async def append_as_expected(
    connection: AsyncConnection, appends: Sequence[Append], *, signed: int, deadline: float
) -> Sequence[Appended] | None:
    """The same on an event loop, and only where all is as the appends expect; None where nothing was recorded."""
    attempt = Attempt.of(appends, signed)
    if attempt is None:
        return None
    within = _milliseconds_until(deadline)
    cursor = await connection.execute(APPEND, attempt.parameters(within), prepare=True)
    return attempt.outcome(_head(await cursor.fetchone()))


def _as_expected(
    connection: Connection, appends: Sequence[Append], signed: int, within: int
) -> Sequence[Appended] | None:
    """Append without asking first; None where nothing was recorded, since something is not as was expected."""
    attempt = Attempt.of(appends, signed)
    if attempt is None:
        return None
    return attempt.outcome(_head(connection.execute(APPEND, attempt.parameters(within), prepare=True).fetchone()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Appends that are made in one statement if all is as they expect, those with an obstacle among them left out."""

    appends: Sequence[Append]
    obstacles: Sequence[Obstacle | None]
    facts: Sequence[Unstamped]
    receipts: Sequence[Receipt]
    expected: Expected

    @classmethod
    def of(cls, appends: Sequence[Append], signed: int) -> Self | None:
        """What these come to; None where one statement will not do."""
        expected = Expected(signed=signed, versions=expected_versions(appends), tokens=tokens_of(appends))
        obstacles = Standing(expected.versions, keys_taken=(), good_tokens=expected.tokens).obstacles(appends)
        made = _made(appends, obstacles)
        facts = _facts(made)
        if not 0 < len(facts) <= INSERTED_AT_ONCE or any(append.snapshots for append in made):
            return None
        return cls(appends=appends, obstacles=obstacles, facts=facts, receipts=_receipts(made), expected=expected)

    def parameters(self, within: int) -> Mapping[str, object]:
        """What the statement is given; the lock is waited for so many milliseconds."""
        return _parameters(self.facts, self.receipts, self.expected, within)

    def outcome(self, head: Head | None) -> Sequence[Appended] | None:
        """What became of each, by the head that the statement found; None where it found something else."""
        return _appended(self.appends, self.obstacles, head) if head else None


def _as_it_stands(connection: Connection, appends: Sequence[Append], signed: int, within: int) -> Sequence[Appended]:
    """Ask how the ledger stands, and append what can be made on that."""
    with connection.transaction():
        head, standing = _asked(connection, appends, within)
        if head.position < signed:
            raise LedgerRolledBack(head.position, signed)
        obstacles = standing.obstacles(appends)
        made = _made(appends, obstacles)
        _append_parts(connection, made, head, within)
        _record_snapshots(connection, [snapshot for append in made for snapshot in append.snapshots], head.recorded_at)
    return _appended(appends, obstacles, head)


def _append_parts(connection: Connection, appends: Sequence[Append], head: Head, within: int) -> None:
    """Append after this head. Raises psycopg.IntegrityError where it is another one by now."""
    facts, receipts = _facts(appends), _receipts(appends)
    for first in range(0, len(facts), INSERTED_AT_ONCE):
        part, of_these = facts[first : first + INSERTED_AT_ONCE], receipts if first == 0 else ()
        found = _append(connection, part, of_these, within, head.recorded_at)
        if found != replace(head, position=head.position + first):
            raise psycopg.IntegrityError("somebody appended without having the turn")


def _append(
    connection: Connection,
    facts: Sequence[Unstamped],
    receipts: Sequence[Receipt],
    within: int,
    instant: datetime,
) -> Head | None:
    """Append entries after the head, recorded at an instant, whatever is expected of it."""
    parameters = _parameters(facts, receipts, ANYTHING, within, instant)
    return _head(connection.execute(APPEND, parameters, prepare=True).fetchone())


def _parameters(
    facts: Sequence[Unstamped],
    receipts: Sequence[Receipt],
    expected: Expected,
    within: int,
    instant: datetime | None = None,
) -> Mapping[str, object]:
    """What is given to the statement that appends, which records at an instant, or now."""
    return {
        "turn": APPEND_LOCK,
        "within": within,
        "instant": instant,
        "signed": expected.signed,
        "streams": Uuids(expected.versions),
        "expected": Bigints(expected.versions.values()),
        "tokens": Uuids(expected.tokens),
        "ids": Uuids(fact.stream_id for fact in facts),
        "versions": Bigints(fact.version for fact in facts),
        "topics": Texts(fact.type for fact in facts),
        "states": Byteas(fact.bytes for fact in facts),
        "stamped_from": Bigints(open_at(fact.bytes) + 1 for fact in facts),
        "scopes": Texts(receipt.scope for receipt in receipts),
        "keys": Texts(receipt.idempotency_key for receipt in receipts),
        "fingerprints": Byteas(receipt.fingerprint for receipt in receipts),
        "of_streams": Uuids(receipt.stream_id for receipt in receipts),
        "firsts": Bigints(receipt.first_version for receipt in receipts),
        "lasts": Bigints(receipt.last_version for receipt in receipts),
    }


def _head(found: DictRow | None) -> Head | None:
    """The head before what was appended; None where nothing was, since something is not as expected."""
    return Head(found["head"], found["recorded"]) if found and found["head"] is not None else None


def _asked(connection: Connection, appends: Sequence[Append], within: int) -> tuple[Head, Standing]:
    """Take the turn, and ask for all that has to be known before anything is recorded."""
    streams, receipts = Uuids(expected_versions(appends)), _receipts(appends)
    connection.execute(TAKE_TURN, {"turn": APPEND_LOCK, "within": within})
    found = connection.execute(
        HOW_IT_STANDS,
        {
            "streams": streams,
            "scopes": Texts(receipt.scope for receipt in receipts),
            "keys": Texts(receipt.idempotency_key for receipt in receipts),
            "tokens": Uuids(tokens_of(appends)),
        },
    ).fetchone()
    if found is None:
        raise psycopg.DataError("the head of the ledger cannot be read")
    standing = Standing(
        dict(zip(streams, found["versions"], strict=True)),
        keys_taken=[(receipts[n - 1].scope, receipts[n - 1].idempotency_key) for n in found["keys_taken"]],
        good_tokens=found["good_tokens"],
    )
    return Head(found["position"], found["recorded_at"]), standing


def _milliseconds_until(deadline: float) -> int:
    """What is left until then, by the monotonic clock; at least one, since none would mean for ever."""
    return max(1, round((deadline - time.monotonic()) * 1000))


def _record_snapshots(connection: Connection, snapshots: Iterable[PublishedBytes], recorded_at: datetime) -> None:
    for snapshot in snapshots:
        connection.execute(
            RECORD_SNAPSHOT,
            {
                "id": snapshot.id,
                "position": snapshot.position,
                "bytes": snapshot.bytes,
                "sha256": hashlib.sha256(snapshot.bytes).digest(),
                "recorded_at": recorded_at,
            },
        )


def _made(appends: Sequence[Append], obstacles: Sequence[Obstacle | None]) -> list[Append]:
    return [append for append, obstacle in zip(appends, obstacles, strict=True) if obstacle is None]


def _facts(appends: Iterable[Append]) -> list[Unstamped]:
    return [fact for append in appends for fact in append.facts]


def _receipts(appends: Iterable[Append]) -> list[Receipt]:
    return [receipt for append in appends for receipt in append.receipts]


def _appended(appends: Sequence[Append], obstacles: Sequence[Obstacle | None], head: Head) -> list[Appended]:
    """What became of each: the entries of those that were made follow the head, in the appends' order."""
    positions = count(head.position + 1)
    return [
        obstacle or [Stored(next(positions), fact.type, head.recorded_at, fact.event_id) for fact in append.facts]
        for append, obstacle in zip(appends, obstacles, strict=True)
    ]
