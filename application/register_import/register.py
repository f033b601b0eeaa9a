"""What the register already has from an import, and how it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol
from uuid import UUID

from domain.organisation import Organisation
from domain.pledge import Pledge


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterState:
    """The pledges that came from a register of this name, and the organisations by name, at one moment.

    `organisations` has current names and former ones; a current name wins. `last_exported_on` is the latest date
    that an import of this register gave to a fact, `imported_up_to` the position of the last of these facts.
    """

    pledges: tuple[Pledge, ...] = ()
    organisations: Mapping[str, Organisation] = field(default_factory=dict)
    last_exported_on: date | None = None
    imported_up_to: int = 0


class RegisterView(Protocol):
    """Reads from the ledger itself, or from a read model that has caught up with it."""

    def state(self, register: str) -> RegisterState:
        """What came from this register before."""

    def existing(self, ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of the pledge ids that are taken."""


IMPORT_KEY = "import/"
"""Begins the idempotency key of every imported fact, so that it can be told from what people recorded."""
