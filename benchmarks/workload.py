"""The pledges that everything is measured with: made up, always the same, and plain."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from application.identifiers import unique_id
from audit.envelope import Envelopes, stamp
from domain.circumstances import Circumstances, header
from domain.events import Announced, AnyEvent, PartiallyFulfilled, Registered, Validated
from domain.geography import countries
from domain.identity import pledge_id
from domain.values import MONEY, Actor, Contribution, Money, Party, Target
from domain.vocabulary import FocusArea, PledgeType, Role, Sector
from infrastructure.bootstrap import Service
from projections.catalogue import READ_MODELS

LIFE = 10
"""A pledge has few events: so many, then a writer goes on with the next pledge."""

DAY = date(2025, 1, 1)
START = datetime(2022, 1, 3, tzinfo=UTC)
SPAN = timedelta(days=1_700)
"""Facts of a register are recorded from the start on at equal distances for so long, whatever their number."""

ACTOR = Actor(role=Role.BDT)
LEADS = tuple(uuid5(UUID(int=0), str(n)) for n in range(200))
COUNTRIES = tuple(sorted(countries()))

_COPY = "COPY ledger.events (originator_id, originator_version, topic, state, notification_id, recorded_at) FROM STDIN"


def registered(lead: UUID) -> Registered:
    """An organisation that can lead pledges."""
    return Registered(
        **header(lead, 0, at(DAY), DAY), name=f"Fibre for All {lead}", sector=Sector.PRIVATE_SECTOR, country="KEN"
    )


def announced(reference: str, lead: UUID) -> Announced:
    """The promise of a thousand schools."""
    return Announced(
        **header(pledge_id(reference), 0, at(DAY), DAY),
        reference=reference,
        title="Schools online",
        description="Fibre for rural schools.",
        lead=Party(organisation=lead, sector=Sector.PRIVATE_SECTOR, country="KEN"),
        type=PledgeType.PROGRAMMATIC,
        focus_area=FocusArea.ACCESS,
        targets=(Target(id="schools", measure="schools_connected", value=Decimal(1_000)),),
        countries=("KEN", "UGA"),
    )


def validated(reference: str) -> Validated:
    """BDT admits the pledge, right after it was announced."""
    return Validated(**header(pledge_id(reference), 1, at(DAY), DAY))


def delivered(pledge: UUID, version: int) -> PartiallyFulfilled:
    """One school more, as the fact that follows a version."""
    given = Contribution(id=f"c{version}", target="schools", amount=Decimal(1), effective_on=DAY)
    return PartiallyFulfilled(**header(pledge, version, at(DAY), DAY), contributions=(given,))


def at(on: date) -> Circumstances:
    """BDT decides, on a day."""
    return Circumstances(actor=ACTOR, today=on, command_id=unique_id())


def facts(pledges: int, each: int) -> Iterator[tuple[datetime, AnyEvent]]:
    """The facts of a register of so many pledges, in the order in which they are recorded, with the instant of that.

    Announced, admitted, then contributions in money, in turns: so every pledge changes all the time.
    """
    chance = random.Random(20_261_124)
    for version in range(1, each + 1):
        for n in range(pledges):
            recorded = START + SPAN * (((version - 1) * pledges + n) / (pledges * each))
            yield recorded, _fact(n, version, recorded.date(), chance)


def _fact(n: int, version: int, on: date, chance: random.Random) -> AnyEvent:
    about = header(pledge_id(f"P2C-2022-{n:06d}"), version - 1, at(on), on)
    if version == 1:
        return Announced(**about, **_promise(n, chance))
    if version == 2:
        return Validated(**about)
    paid = Decimal(chance.randrange(1_000, 50_000))
    given = Contribution(
        id=f"c{version}", target=MONEY, amount=Money(amount=paid, currency="USD", usd=paid), effective_on=on
    )
    return PartiallyFulfilled(**about, contributions=(given,))


def _promise(n: int, chance: random.Random) -> dict[str, Any]:
    value = Decimal(chance.randrange(10_000, 90_000_000))
    return {
        "reference": f"P2C-2022-{n:06d}",
        "title": f"Pledge {n}",
        "description": "Made up for a benchmark.",
        "lead": Party(organisation=LEADS[n % len(LEADS)], sector=chance.choice(list(Sector))),
        "type": chance.choice(list(PledgeType)),
        "focus_area": chance.choice(list(FocusArea)),
        "targets": (Target(id=MONEY, measure=MONEY, value=Money(amount=value, currency="USD", usd=value)),),
        "countries": tuple(chance.sample(COUNTRIES, 2)),
        "sdgs": tuple(sorted(chance.sample(range(1, 18), 2))),
    }


def fill(service: Service, pledges: int, each: int) -> int:
    """Write the facts of such a register into the ledger's table directly; how many there are."""
    envelopes, position = Envelopes(), 0
    with service.pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET LOCAL statement_timeout = 0")
        with cursor.copy(_COPY) as copy:
            for position, (recorded, event) in enumerate(facts(pledges, each), start=1):
                copy.write_row(
                    (
                        event.originator_id,
                        event.originator_version,
                        envelopes.name(event),
                        stamp(envelopes.write(event), recorded),
                        position,
                        recorded,
                    )
                )
        connection.execute("ANALYZE ledger.events")
    return position


def rebuild_all(service: Service) -> None:
    """Build every read model from the ledger, all together."""
    service.projections.rebuild_together([model.name for model in READ_MODELS], untold)


def untold(done: int, total: int) -> None:
    """Tell nobody how far a rebuild is."""
