"""What the scripts of pages check with: entries and proofs in as few answers as can be, for who has signed in too.

What they give is at /v1/ledger for everybody else, in the formats that others read.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api.http import problems
from api.http.caching import PRIVATE
from api.http.failures import RETRY_AFTER, Failure
from api.http.queries import Asked
from api.http.service import Services
from api.http.turns import TurnRoute
from api.web.entries_in_sight import entries_in_sight, run_of_entries
from api.web.signed_in import Visitor
from application.access import Sight, sight_of
from audit.signed_note import in_base64
from infrastructure.bootstrap import Service
from infrastructure.checkpoints import StoredCheckpoint
from projections.pinning import PositionNotReached

router = APIRouter(prefix="/verify", include_in_schema=False, route_class=TurnRoute)

MOST_POSITIONS, MOST_BEGINNINGS, MOST_ENTRIES = 200, 4, 1_000
HEADERS = {"Cache-Control": PRIVATE, "Vary": "Cookie"}

Position = Annotated[int, Field(ge=1, le=2**53)]


class ProofsQuery(Asked):
    """Which entries are to be proven, from which sizes on the ledger is to have only grown, and in which tree."""

    position: Annotated[list[Position], Field(default_factory=list, max_length=MOST_POSITIONS)]
    begins: Annotated[list[Position], Field(default_factory=list, alias="from", max_length=MOST_BEGINNINGS)]
    size: Position | None = None


class RunQuery(Asked):
    """Which entries."""

    after: Annotated[int, Field(ge=0, le=2**53)]
    until: Position


@router.get("/proofs")
def get_proofs(query: Annotated[ProofsQuery, Query()], service: Services, visitor: Visitor) -> Response:
    """The latest checkpoint, or that of `size`, the keys that ever signed, and what is proven against it.

    Entries are null where they are not there, or not for the visitor; their hashes are where the tree is too small.
    """
    checkpoint = _checkpoint(service, query.size)
    content = {
        "checkpoint": checkpoint.note.decode(errors="replace"),
        "keys": [str(key) for key in service.checkpoints.verifier_keys()],
        "entries": _entries(service, query.position, checkpoint.size, sight_of(visitor.principal)),
        "consistency": _beginnings(service, query.begins, checkpoint.size),
    }
    return JSONResponse(content, headers=HEADERS)


@router.get("/entries")
def get_entries(query: Annotated[RunQuery, Query()], service: Services, visitor: Visitor) -> Response:
    """The entries after a position up to another, at most a thousand; see `run_of_entries` for their form."""
    if not query.after < query.until <= query.after + MOST_ENTRIES:
        raise Failure(problems.INVALID_REQUEST, f"`until` is at least 1 and at most {MOST_ENTRIES} more than `after`.")
    content = run_of_entries(service, query.after, query.until, sight_of(visitor.principal))
    return Response(content, media_type="application/octet-stream", headers=HEADERS)


def _checkpoint(service: Service, size: int | None) -> StoredCheckpoint:
    found = service.checkpoints.latest() if size is None else service.checkpoints.of_size(size)
    if found is None:
        raise Failure(problems.NOT_SIGNED, "No such checkpoint was signed yet.", headers=RETRY_AFTER)
    return found


def _entries(service: Service, positions: list[int], size: int, sight: Sight) -> list[dict[str, Any]]:
    shown = entries_in_sight(service, positions, sight)
    provable = [position for position in positions if position <= size]
    try:
        found = service.transparency.inclusion_proofs([position - 1 for position in provable], size)
    except (PositionNotReached, LookupError):  # the tree is shorter than what was signed, or lacks a tile
        found = []
    proofs = dict(zip(provable, found, strict=False))
    return [
        {
            "position": position,
            "entry": in_base64(shown[position]) if position in shown else None,
            "hashes": [in_base64(hash) for hash in proofs[position]] if position in proofs else None,
        }
        for position in positions
    ]


def _beginnings(service: Service, sizes: list[int], size: int) -> list[dict[str, Any]]:
    """Proofs that the tree begins with smaller ones; without those that are not there."""
    proven: list[dict[str, Any]] = []
    for first in sizes:
        try:
            hashes = service.transparency.consistency_proof(first, size)
        except (PositionNotReached, LookupError):  # IndexError among them: the earlier size is the larger one
            continue
        proven.append({"from": first, "hashes": [in_base64(hash) for hash in hashes]})
    return proven
