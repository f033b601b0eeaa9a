"""Every page of the site, with an address at which the sample shows it, and who looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infrastructure.bootstrap import Service


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its route, the address at which it is looked at, and the role of who looks, if they have signed in."""

    name: str
    route: str
    address: str
    role: str | None = None


def every_page(service: Service) -> Sequence[Shown]:
    """The pages, some of them more than once, where they look different."""
    return (
        Shown("overview", "/", "/"),
        Shown("overview-then", "/", "/?effective_on=2023-12-31"),
    )
