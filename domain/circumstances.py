"""What a decision needs to know beside the state: who, when, under which command, and what it may look up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypedDict
from uuid import UUID

from domain.organisation import Organisation
from domain.values import Actor, UsdRate

Rates = Callable[[str, date], UsdRate | None]
"""The published rate of a currency on a day, or None where none was published."""

Organisations = Callable[[UUID], Organisation | None]
"""The organisation with an id, or None."""


def no_rates(currency: str, on: date) -> UsdRate | None:
    """An empty rate table."""
    return None


def no_organisations(id: UUID) -> Organisation | None:
    """An empty register."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """The look-ups are values too: asked twice, they answer the same.

    `today` is the day in UTC; `command_id` names this attempt, `idempotency_key` is the client's own.
    """

    actor: Actor
    today: date
    command_id: UUID
    idempotency_key: str | None = None
    rates: Rates = no_rates
    organisations: Organisations = no_organisations


class Header(TypedDict):
    """What every fact carries, ready to be given to its class."""

    originator_id: UUID
    originator_version: int
    effective_on: date
    actor: Actor
    command_id: UUID
    idempotency_key: str | None


def header(id: UUID, version: int, at: Circumstances, on: date) -> Header:
    """The header of the fact that follows `version` in the history of `id`, true since `on`."""
    return {
        "originator_id": id,
        "originator_version": version + 1,
        "effective_on": on,
        "actor": at.actor,
        "command_id": at.command_id,
        "idempotency_key": at.idempotency_key,
    }
