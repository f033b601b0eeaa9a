"""Every page of the site, with an address at which the sample shows it, and who looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from application.commands import Request
from domain.dimensions import Dimension, Division
from domain.publication import Publish
from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.bootstrap import Service

PLEDGE = "P2C-2022-000001"
HALF_A_YEAR = {"from_effective_on": "2025-12-31", "to_effective_on": "2026-06-30", "group_by": "type"}
GRADUATION = {"from_effective_on": "2026-11-23", "to_effective_on": "2026-11-24"}


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


def published_of_sample(service: Service) -> UUID:
    """A snapshot that BDT published of the sample: the first one, for everybody who asks."""
    officer = Request(actor=Actor(role=Role.BDT), idempotency_key="the end of 2025", fingerprint=b"the same")
    at = service.register.resolve(None, date(2025, 12, 31))
    taken = partial(service.snapshots.take, at, Division(by=(Dimension.SECTOR,)))
    return service.commands.publish(Publish(title="The register at the end of 2025"), taken, officer).state.id


def every_page(service: Service) -> Sequence[Shown]:
    """The pages, some of them more than once, where they look different."""
    return (
        Shown("overview", "/", "/"),
        Shown("overview-then", "/", "/?effective_on=2023-12-31"),
        Shown("overview-empty", "/", "/?as_of=0"),
        Shown("moment", "/point-in-time", "/point-in-time?group_by=region", "bdt"),
        Shown("difference", "/point-in-time", f"/point-in-time?{urlencode(HALF_A_YEAR)}"),
        Shown("graduation", "/point-in-time", f"/point-in-time?{urlencode(GRADUATION)}"),
        Shown(
            "publication", "/publications/{snapshot:uuid}", f"/publications/{published_of_sample(service)}?compare=yes"
        ),
        Shown("reporting", "/reporting", "/reporting"),
        Shown("reporting-filtered", "/reporting", "/reporting?health=due", "stakeholder"),
        Shown("reminders", "/reporting/reminders", "/reporting/reminders", "bdt"),
        Shown("review-queue", "/reporting/queue", "/reporting/queue", "bdt"),
        Shown("good-practices", "/good-practices", "/good-practices?sector=government"),
        Shown("sign-in", "/sign-in", "/sign-in"),
    )
