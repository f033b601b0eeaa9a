"""What the use cases need from outside; `infrastructure` has the adapters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

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
