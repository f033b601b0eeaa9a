"""Every page of the site, with an address at which the sample shows it, and who looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from infrastructure.bootstrap import Service

PLEDGE = "P2C-2022-000001"


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its route, the address at which it is looked at, and the role of who looks, if they have signed in."""

    name: str
    route: str
    address: str
    role: str | None = None


def organisation_of_sample(service: Service) -> UUID:
    """An organisation that leads a pledge of the sample, in whose name its pages are looked at."""
    found = service.pledges.get(PLEDGE)
    assert found
    return found.pledge.lead.organisation


def every_page(service: Service) -> Sequence[Shown]:
    """The pages, some of them more than once, where they look different."""
    return (
        Shown("overview", "/", "/"),
        Shown("overview-then", "/", "/?effective_on=2023-12-31"),
        Shown("overview-empty", "/", "/?as_of=0"),
        Shown("sign-in", "/sign-in", "/sign-in"),
    )
