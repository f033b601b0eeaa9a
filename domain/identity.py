"""How a pledge's reference and its identity go together."""

from __future__ import annotations

from uuid import UUID, uuid5

PLEDGES = UUID("6f1c8a52-6f0e-5b0c-9a57-2b8d3c1e7a40")
"""The name space of pledge references, chosen once for ever."""


def pledge_id(reference: str) -> UUID:
    """The id of the pledge with this reference: a reference can be given only once, since its history has
    only one first fact."""
    return uuid5(PLEDGES, reference)


def numbered_reference(year: int, number: int) -> str:
    """The reference of the `number`-th pledge announced in a year, such as `P2C-2026-000042`."""
    return f"P2C-{year:04d}-{number:06d}"
