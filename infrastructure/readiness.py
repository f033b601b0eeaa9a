"""Whether the service can do its work, and if not, what is wrong: for probes, operators and `p2c doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from application.ledger import LedgerRolledBack
from infrastructure import schema
from infrastructure.bootstrap import Service
from infrastructure.checkpoints import StoredCheckpoint
from infrastructure.clock import SKEW_ERROR_SECONDS
from infrastructure.database import UNAVAILABLE
from projections.runner import ReadModelStatus

LARGEST_LAG = 1_000
"""With more entries than this still to be told, the views are too old to serve."""

LONGEST_UNSIGNED = timedelta(minutes=1)
"""How long an entry may wait for a checkpoint, which usually comes within a second."""

CONNECTED_WITHIN_SECONDS = 1.0
"""How long a probe waits for a connection; that none was free for so long is worth telling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong: with which part, and how."""

    part: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How the service is doing; it is ready where there are no faults."""

    faults: tuple[Fault, ...]
    position: int | None = None
    checkpoint: StoredCheckpoint | None = None
    read_models: Mapping[str, ReadModelStatus]


def examine(service: Service) -> Readiness:
    """Ask the database and the read models how they are."""
    try:
        with service.pool.connection(timeout=CONNECTED_WITHIN_SECONDS) as connection:
            pending = schema.pending_on(connection)
        if pending:
            lacking = ", ".join(step.name for step in pending)
            return Readiness(
                faults=(Fault(part="schema", detail=f"These steps are missing: {lacking}."),), read_models={}
            )
        read_models, position = service.projections.status(), service.ledger.position
        faults = (
            *_faults(read_models, service.projections.problem),
            *_signing_faults(service, position),
            *_clock_faults(service.clock.measure()),
        )
        return Readiness(
            faults=faults,
            position=position,
            checkpoint=service.checkpoints.latest(),
            read_models=read_models,
        )
    except schema.SchemaTooNew as too_new:
        return Readiness(faults=(Fault(part="schema", detail=f"{too_new}."),), read_models={})
    except UNAVAILABLE:
        return Readiness(faults=(Fault(part="database", detail="The database does not answer."),), read_models={})


def _faults(read_models: Mapping[str, ReadModelStatus], problem: str | None) -> Iterator[Fault]:
    if problem:
        yield Fault(part="projections", detail="The read models are not kept up; the log says why.")
    for name, status in read_models.items():
        if status.error:
            yield Fault(part=name, detail="It stands still; the log says why.")
        elif status.lag > LARGEST_LAG:
            yield Fault(part=name, detail=f"It is {status.lag} entries behind.")


def _signing_faults(service: Service, position: int) -> Iterator[Fault]:
    if service.signer.key_file is None:
        return
    if problem := service.signer.problem:
        yield Fault(part="checkpoints", detail=problem)
    elif (signed := service.signer.key_file.entries_signed()) > position:
        yield Fault(part="checkpoints", detail=f"Nothing is recorded: {LedgerRolledBack(position, signed)}.")
    elif (waiting := service.checkpoints.unsigned_for()) > LONGEST_UNSIGNED:
        detail = f"Nothing was signed for {waiting.total_seconds():.0f} seconds; no process that has the key does it."
        yield Fault(part="checkpoints", detail=detail)


def _clock_faults(skew: float) -> Iterator[Fault]:
    if abs(skew) >= SKEW_ERROR_SECONDS:
        detail = f"This machine's clock and the database's differ by {abs(skew):.0f} seconds; set it right (NTP)."
        yield Fault(part="clock", detail=detail)
