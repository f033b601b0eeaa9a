"""Whether the process lives, and whether the service is ready."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from api.http import problems
from api.http.documents import Instant
from api.http.failures import RETRY_AFTER, Failure, FieldError
from api.http.openapi import EVERYWHERE, answers
from api.http.pages import uncached
from api.http.service import Services
from api.http.shared_answers import SharedAnswer
from infrastructure.readiness import Fault, Readiness
from infrastructure.version import p2c_version

router = APIRouter(tags=["service"])


class Alive(BaseModel):
    """The process answers."""

    status: str
    version: str


class ReadModel(BaseModel):
    """How far a read model is; `lag` is the number of entries it does not tell yet."""

    position: int
    recorded_at: Instant | None
    lag: int
    rebuilding: bool


class Checkpoint(BaseModel):
    """The latest signed checkpoint: of how many entries, and since when."""

    size: int
    signed_at: Instant


class Ready(BaseModel):
    """The service is ready, with the ledger's last position, its latest checkpoint and how far the read models are.

    Of all processes on one ledger, the one that is `leading` keeps the read models up, and signs. `replica_in_use` is
    null where no read replica is set up, and false while the primary is read in its place.
    """

    status: str
    version: str
    position: int | None
    leading: bool
    replica_in_use: bool | None
    checkpoint: Checkpoint | None
    read_models: dict[str, ReadModel]


@router.get(
    "/livez",
    operation_id="isAlive",
    summary="Is the process up?",
    response_model=Alive,
    responses=answers(200, {}, EVERYWHERE),
)
async def is_alive() -> Response:
    """Answers without touching anything."""
    return uncached(Alive(status="alive", version=p2c_version()))


@router.get(
    "/readyz",
    operation_id="isReady",
    summary="Is the service ready?",
    response_model=Ready,
    responses=answers(200, {}, (problems.NOT_READY, *EVERYWHERE)),
)
async def is_ready(request: Request, service: Services) -> Response:
    """Asks the database whether it answers and has this version's schema, how far the read models are, and whether
    what is recorded is being signed."""
    examination: SharedAnswer[Readiness] = request.app.state.examination
    found = await examination.get()
    if found is None:
        raise _not_ready(Fault(part="database", detail="It does not answer in time."))
    if found.faults:
        raise _not_ready(*found.faults)
    read_models = {
        name: ReadModel(position=s.position, recorded_at=s.recorded_at, lag=s.lag, rebuilding=s.rebuilding)
        for name, s in found.read_models.items()
    }
    latest = found.checkpoint
    return uncached(
        Ready(
            status="ready",
            version=p2c_version(),
            position=found.position,
            leading=service.projections.leading,
            replica_in_use=service.replica.in_use if service.replica else None,
            checkpoint=Checkpoint(size=latest.size, signed_at=latest.signed_at) if latest else None,
            read_models=read_models,
        )
    )


def _not_ready(*faults: Fault) -> Failure:
    return Failure(
        problems.NOT_READY,
        " ".join(f"{fault.part}: {fault.detail}" for fault in faults),
        errors=[FieldError(field=fault.part, detail=fault.detail) for fault in faults],
        headers=RETRY_AFTER,
    )
