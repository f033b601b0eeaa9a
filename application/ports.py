"""What the use cases need from outside; `infrastructure` has the adapters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

import msgspec

from application.moments import AsOf, Moment
from audit.envelope import Entry
from domain.dimensions import Dimension
from domain.events import AnyEvent
from domain.organisation import Organisation
from domain.pledge import Pledge
from domain.status import PledgeStatus
from domain.totals import Totals
from domain.values import UsdRate


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Which command with an idempotency key caused which facts.

    `scope` keeps the keys of one client apart from another's; `fingerprint` is the SHA-256 of what was asked.
    """

    scope: str
    idempotency_key: str
    fingerprint: bytes
    stream_id: UUID
    first_version: int
    last_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBytes:
    """The bytes of a snapshot that are stored with the fact that it was published, under the id of its history."""

    id: UUID
    position: int
    bytes: bytes


APPEND_WITHIN_SECONDS = 4.0
"""How long an append waits for its turn, and for a database that does not answer."""


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that are recorded together or not at all, with their receipts and what is published.

    `seen` are versions of other histories that the facts were decided on, and `credential` is the token that was
    presented: where a version is another one by now, or the token is worth nothing any more, nothing is recorded. So
    many seconds they wait for their turn at most.
    """

    events: Sequence[AnyEvent]
    receipts: Sequence[Receipt] = ()
    snapshots: Sequence[PublishedBytes] = ()
    seen: Mapping[UUID, int] = {}
    credential: UUID | None = None
    within: float = APPEND_WITHIN_SECONDS


class Receipts(Protocol):
    """The receipts recorded with the facts."""

    def find(self, scope: str, idempotency_key: str) -> Receipt | None:
        """The receipt of an earlier command with this key, if there is one."""


class ReferenceNumbers(Protocol):
    """The numbers of the references of a year."""

    def next(self, year: int) -> int:
        """A number that was not given before; one that is not used afterwards stays unused."""

    def take(self, year: int, count: int) -> range:
        """So many numbers in a row, none of them given before."""

    def last(self, year: int) -> int:
        """The last number that was given; 0 while there is none."""


class ExchangeRates(Protocol):
    """The published rates."""

    def rate(self, currency: str, on: date) -> UsdRate | None:
        """What one unit of the currency was worth in US dollars in the month of `on`, if that was published."""


class Register(Protocol):
    """The register as it was at a moment, and the facts behind it."""

    def resolve(self, as_of: AsOf | None, effective_on: date | None) -> Moment:
        """The moment that is meant: now without `as_of`, that of `as_of` without an effective date.

        Raises MomentNotOver, PositionAhead and ViewsBehind.
        """

    def pledges(self, at: Moment) -> Iterator[Pledge]:
        """Every pledge, admitted or not, by reference."""

    def organisations(self, at: Moment) -> Mapping[UUID, Organisation]:
        """Every organisation, by id."""

    def entries(self, until: int) -> Iterator[Entry]:
        """All facts up to a position, in ledger order."""


class SnapshotRegister(Register, Protocol):
    """A register that can say how everything stood without looking at histories."""

    def root(self, at: Moment) -> bytes:
        """The root of the Merkle tree of all entries up to the moment's position."""

    def statuses(self, at: Moment) -> Iterator[PledgeStatus]:
        """What a snapshot says of every pledge, admitted or not, by reference."""

    def running_totals(self, at: Moment, dimension: Dimension | None = None) -> Totals | None:
        """The totals at a moment, and those by a dimension with full attribution, without looking at any pledge.

        None where that cannot be: the totals are then those of `statuses`.
        """
