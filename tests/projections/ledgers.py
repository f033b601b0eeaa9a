"""Ledgers to project: facts put into them directly, and what the tables of a read model then hold."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from psycopg import sql

from audit.envelope import Entry, Envelopes, stamp
from domain.events import Announced, AnyEvent, Deactivated, PledgeEvent, Registered, Renamed
from domain.vocabulary import Sector
from infrastructure.append_statements import CHANNEL
from infrastructure.bootstrap import Service
from infrastructure.database import Pool
from projections.catalogue import READ_MODELS
from projections.read_model import ReadModel
from projections.runner import ProjectionRunner
from tests.given import (
    ACTOR,
    TODAY,
    announced,
    contributed,
    contribution,
    given,
    money,
    reported,
    schools,
    usd,
    validated,
    verified,
)
from tests.given import ANNOUNCED_ON as FIRST_DAY


def registered(name: str = "Lead", **more: Any) -> Registered:
    """A stakeholder joins."""
    described = {"name": name, "sector": Sector.PRIVATE_SECTOR, **more}
    return Registered(
        originator_id=uuid.uuid4(),
        originator_version=1,
        effective_on=TODAY,
        actor=ACTOR,
        command_id=uuid.uuid4(),
        **described,
    )


def renamed(before: Registered, name: str, version: int = 2) -> Renamed:
    """It goes by another name."""
    return Renamed(
        originator_id=before.originator_id,
        originator_version=version,
        effective_on=TODAY,
        actor=ACTOR,
        command_id=uuid.uuid4(),
        name=name,
        former_name=before.name,
    )


def deactivated(before: Registered, version: int = 2) -> Deactivated:
    """It takes on nothing new."""
    return Deactivated(
        originator_id=before.originator_id,
        originator_version=version,
        effective_on=TODAY,
        actor=ACTOR,
        command_id=uuid.uuid4(),
        reason="merged",
    )


def pledge(reference: str, *history: PledgeEvent) -> list[PledgeEvent]:
    """The same history as that of another pledge, under this reference and an id of its own."""
    id = uuid.uuid4()
    numbered = (replace(event, originator_id=id, command_id=uuid.uuid4()) for event in given(*history).history)
    return [replace(e, reference=reference) if isinstance(e, Announced) else e for e in numbered]


def busy_life(reference: str) -> list[PledgeEvent]:
    """A pledge with a bit of everything."""
    return pledge(
        reference,
        announced(schools(10), money(usd(1000))),
        validated(),
        contributed(contribution("c1", 3), contribution("b1", usd("12.50"), target="money")),
        reported(FIRST_DAY, TODAY),
        verified("c1"),
    )


def facts() -> list[list[AnyEvent]]:
    """Two stakeholders and a few pledges, in the order and in the groups in which they are appended."""
    lead, other = registered("Lead"), registered("Other")
    first, second = busy_life("T-1"), busy_life("T-2")
    return [
        [lead],
        [other, first[0]],
        [first[1], second[0]],
        [renamed(lead, "Leader"), first[2], first[3]],
        [*second[1:]],
        [deactivated(other)],
        [*first[4:]],
    ]


def append(service: Service, groups: Iterable[Sequence[AnyEvent]]) -> list[Entry]:
    """Append each group at once; the entries."""
    return [entry for group in groups for entry in service.ledger.append(list(group))]


def recorded_ledger(
    service: Service, recorded: Sequence[tuple[datetime, AnyEvent]], *, first: int = 1, apart: int = 1
) -> None:
    """Let the ledger be these facts alone, each at its instant, from a position on, their positions so far apart."""
    envelopes = Envelopes()
    with service.pool.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE NONE")
        connection.execute("SET LOCAL session_replication_role = replica")  # or the ledger would not let them go
        connection.execute("DELETE FROM ledger.events")
        for position, (at, fact) in zip(itertools.count(first, apart), recorded, strict=False):
            connection.execute(
                "INSERT INTO ledger.events"
                " (originator_id, originator_version, topic, state, notification_id, recorded_at)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                (
                    fact.originator_id,
                    fact.originator_version,
                    envelopes.name(fact),
                    stamp(envelopes.write(fact), at),
                    position,
                    at,
                ),
            )


def runner(pool: Pool, *models: ReadModel, batch: int = 1_000, channel: str = CHANNEL) -> ProjectionRunner:
    """A runner of its own, for all read models unless some are given."""
    return ProjectionRunner(pool, Envelopes(), channel=channel, models=models or READ_MODELS, batch=batch)


def tables(pool: Pool, model: ReadModel) -> dict[str, list[str]]:
    """Everything the read model's tables hold, each row as text, in a fixed order."""
    with pool.connection() as connection:
        return {
            table: [
                row["line"]
                for row in connection.execute(
                    sql.SQL("SELECT line::text FROM {} AS line ORDER BY line::text").format(
                        sql.Identifier(model.name, table)
                    )
                )
            ]
            for table in sorted(model.table_names)
        }


def record_alone(
    service: Service, recorded: Sequence[tuple[date, PledgeEvent]], *, first: int = 1, apart: int = 1
) -> None:
    """The same of facts of which the day they were recorded is known, a second after one another."""
    at = [datetime.combine(day, time(9), UTC) + timedelta(seconds=number) for number, (day, _) in enumerate(recorded)]
    facts = [(instant, fact) for instant, (_, fact) in zip(at, recorded, strict=True)]
    recorded_ledger(service, facts, first=first, apart=apart)


def forget(pool: Pool, model: ReadModel) -> None:
    """Let the read model never have been there."""
    with pool.connection() as connection:
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(model.name)))
