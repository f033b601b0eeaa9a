"""A portfolio in which every filter finds something, made at once: for lists, and what is counted of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from domain.events import AnyEvent, PledgeEvent, ScaledUp
from domain.identity import pledge_id
from domain.vocabulary import BeneficiaryGroup, FocusArea, PledgeType, Sector
from tests.given import (
    ANNOUNCED_ON,
    announced,
    contributed,
    contribution,
    declined,
    header,
    money,
    organisation,
    party,
    reported,
    schools,
    usd,
    validated,
    withdrawn,
)
from tests.projections.ledgers import pledge, registered

PILLARS = {
    FocusArea.ACCESS: ("infrastructure", "affordability"),
    FocusArea.ADOPTION: ("skills", "inclusion"),
    FocusArea.VALUE_CREATION: ("entrepreneurship",),
    FocusArea.ACCELERATE: ("financing",),
}
COUNTRIES = ("KEN", "NPL", "BGD", "FJI", "FRA", "BRA")


def varied() -> list[AnyEvent]:
    """Three organisations, and sixty pledges of every kind, about two of three admitted, the same ones each time."""
    return [
        *(_registered(name) for name in ("Lead", "Other", "Partner")),
        *(fact for life in _lives() for fact in life),
    ]


def _lives() -> Iterator[list[PledgeEvent]]:
    chance = random.Random(7)
    for n in range(60):
        area = chance.choice(list(FocusArea))
        promise = announced(
            schools(10),
            money(usd(chance.choice((100, 250, 1000)))),
            on=ANNOUNCED_ON + timedelta(days=chance.randrange(700)),
            title=f"Pledge {n} {chance.choice(('fibre', 'skills'))}",
            type=chance.choice(list(PledgeType)),
            focus_area=area,
            pillars=tuple(chance.sample(PILLARS[area], chance.randint(0, len(PILLARS[area])))),
            lead=replace(party(chance.choice(("Lead", "Other"))), sector=chance.choice(list(Sector)[:3])),
            partners=(party("Partner"),) if chance.random() < 0.3 else (),
            countries=tuple(chance.sample(COUNTRIES, chance.randint(0, 3))),
            beneficiary_groups=tuple(chance.sample(list(BeneficiaryGroup)[:3], chance.randint(0, 2))),
            sdgs=tuple(chance.sample((1, 4, 9, 17), chance.randint(0, 3))),
        )
        more = chance.choice(
            (
                [],
                [declined(promise.effective_on)],
                [validated(promise.effective_on)],
                [validated(promise.effective_on), _scaled_up(promise.effective_on)],
                [validated(promise.effective_on), withdrawn(promise.effective_on + timedelta(days=30))],
                [
                    validated(promise.effective_on),
                    contributed(contribution("c1", chance.randint(1, 12), on=promise.effective_on)),
                    reported(promise.effective_on, promise.effective_on + timedelta(days=60)),
                ],
            )
        )
        reference = f"F-{n:03d}"
        yield [replace(fact, originator_id=pledge_id(reference)) for fact in pledge(reference, promise, *more)]


def _scaled_up(on: date) -> ScaledUp:
    return ScaledUp(**header(on), new_countries=("UGA",))


def _registered(name: str) -> AnyEvent:
    return replace(registered(f"{name} organisation"), originator_id=organisation(name).id)
