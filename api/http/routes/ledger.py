"""The evidence: the ledger itself, its checkpoints, and proofs, for auditors and for anybody who wants to check.

The tree and its tiles are those of c2sp.org/tlog-tiles under the prefix /v1/ledger, so that clients of such logs can
read it. The entry at position p of the ledger is leaf p - 1 of the tree.

Hashes, checkpoints and proofs are for everybody. Entries tell of pledges that BDT has not admitted: one alone is for
whoever may know of its pledge, all of them together are for BDT and auditors.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi import Path as PathPart
from pydantic import BaseModel, Field

from api.http import problems
from api.http.authentication import Reader
from api.http.bundle_files import bundle_file
from api.http.caching import FOR_A_MOMENT, FOR_EVER, PRIVATE
from api.http.conditions import IfNoneMatch, names_version
from api.http.failures import RETRY_AFTER, Failure
from api.http.ledger_documents import (
    CheckpointList,
    ConsistencyDocument,
    InclusionDocument,
    StoredEntry,
    checkpoint_document,
    inclusion_document,
)
from api.http.openapi import CACHED, FOR_EVERYBODY, FOR_INSIGHT, READ, READER, READING, answers, not_modified
from api.http.queries import Asked
from api.http.service import Services
from api.http.turns import TurnRoute
from application.access import Sight, require_insight, sight_of
from audit.envelope import Unreadable
from audit.inclusion import InclusionProof
from audit.signed_note import in_base64
from audit.tiles import NoSuchTile, Tile
from domain.events import PledgeEvent
from infrastructure.bootstrap import Service
from infrastructure.checkpoints import StoredCheckpoint

router = APIRouter(prefix="/v1/ledger", tags=["ledger"], route_class=TurnRoute)

PLAIN = "text/plain"
TEXT = f"{PLAIN}; charset=utf-8"
JSON = "application/json"
JSON_LINES = "application/jsonl"
BINARY = "application/octet-stream"
ZIP = "application/zip"

PROVING = (*READING, problems.NOT_SIGNED, problems.VIEW_BEHIND)


Position = Annotated[int, Field(ge=1, le=2**53, description="The position of an entry; the first is 1")]
EntryPosition = Annotated[int, PathPart(ge=1, le=2**53, description="The position of an entry; the first is 1")]
Size = Annotated[int | None, Field(ge=1, le=2**53, description="How many entries the signed tree has")]

TilePath = Annotated[
    str,
    PathPart(
        description="Level and number, such as `0/x001/234.p/17`, or `entries/000`",
        examples=["0/000.p/12"],
        max_length=100,
    ),
]


class SizeQuery(Asked):
    """Which checkpoint."""

    size: Size = None


class CheckpointsQuery(Asked):
    """Which checkpoints."""

    below: Annotated[int | None, Field(ge=1, le=2**53, description="Only of trees smaller than this")] = None
    limit: Annotated[int, Field(ge=1, le=1_000, description="How many at most")] = 100


class EntriesQuery(Asked):
    """Which entries."""

    after: Annotated[int, Field(ge=0, le=2**53, description="The position after which to begin")] = 0
    limit: Annotated[int, Field(ge=1, le=1_000, description="How many at most")] = 1_000


class InclusionQuery(Asked):
    """Of which entry, in the tree of which checkpoint: the latest one, where none is named."""

    position: Position
    size: Size = None


class ConsistencyQuery(Asked):
    """Between which sizes of the tree; the second is that of the latest checkpoint, where none is named."""

    first: Annotated[int, Field(alias="from", ge=1, le=2**53, description="The earlier size")]
    second: Annotated[int | None, Field(alias="to", ge=1, le=2**53, description="The later size")] = None


def _text(content: bytes, **headers: str) -> Response:
    return Response(content, media_type=TEXT, headers=headers)


@router.get(
    "/checkpoint",
    operation_id="getCheckpoint",
    summary="Read the latest checkpoint",
    response_class=Response,
    responses={
        **answers(200, CACHED, (*READING, problems.NOT_SIGNED), forms=[PLAIN]),
        **not_modified(CACHED),
    },
)
def get_checkpoint(
    query: Annotated[SizeQuery, Query()], service: Services, if_none_match: IfNoneMatch = None
) -> Response:
    """The signed note with size and root of the ledger's tree (c2sp.org/tlog-checkpoint); by `size` an older one."""
    checkpoint = _checkpoint(service, query.size)
    headers = {"ETag": f'"{checkpoint.size}"', "Cache-Control": FOR_EVER if query.size else FOR_A_MOMENT}
    if names_version(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return _text(checkpoint.note, **headers)


@router.get(
    "/checkpoints",
    operation_id="listCheckpoints",
    summary="List the checkpoints",
    response_model=CheckpointList,
    responses=answers(200, {}, READING),
)
def list_checkpoints(query: Annotated[CheckpointsQuery, Query()], service: Services) -> Response:
    """Every checkpoint that was ever signed, that of the largest tree first."""
    found = service.checkpoints.newest(query.limit + 1, below=query.below)
    shown = found[: query.limit]
    content = CheckpointList(
        items=[checkpoint_document(stored) for stored in shown],
        next=shown[-1].size if len(found) > len(shown) else None,
    )
    return _json(content)


@router.get(
    "/keys",
    operation_id="listKeys",
    summary="List the keys that signed",
    response_class=Response,
    responses=answers(200, {}, READING, forms=[PLAIN]),
)
def list_keys(service: Services) -> Response:
    """The public keys that ever signed this ledger, as verifier keys (c2sp.org/signed-note), one a line."""
    return _text(
        "".join(f"{key}\n" for key in service.checkpoints.verifier_keys()).encode(), **{"Cache-Control": "no-cache"}
    )


@router.get(
    "/entries",
    operation_id="readEntries",
    summary="Read entries as they are stored",
    response_class=Response,
    responses=answers(200, READ, FOR_INSIGHT, forms=[JSON_LINES]),
)
def read_entries(query: Annotated[EntriesQuery, Query()], service: Services, reader: Reader) -> Response:
    """The entries after a position, one a line, byte for byte as they are stored and hashed. For BDT and auditors.

    `Ledger-Position` is that of the last one: the `after` of what follows.
    """
    require_insight(reader)
    entries = service.transparency.entries(query.after + 1, query.after + query.limit)
    return Response(
        b"".join(entry + b"\n" for entry in entries),
        media_type=JSON_LINES,
        headers={"Ledger-Position": str(query.after + len(entries)), "Cache-Control": "no-cache"},
    )


@router.get(
    "/entries/{position}",
    operation_id="readEntry",
    summary="Read an entry as it is stored",
    openapi_extra=FOR_EVERYBODY,
    response_model=StoredEntry,
    responses=answers(200, READ, (*READER, problems.NO_SUCH_ENTRY)),
)
def read_entry(position: EntryPosition, service: Services, reader: Reader) -> Response:
    """The entry at a position, byte for byte as it is stored and hashed: to check what a proof is about.

    An entry of a pledge is there for whoever may know of the pledge.
    """
    stored = service.ledger.stored_at(position)
    if stored is None or not _in_sight(service, stored, position, sight_of(reader)):
        raise Failure(problems.NO_SUCH_ENTRY, f"There is no entry at position {position}.")
    return Response(stored, media_type=JSON, headers={"Ledger-Position": str(position), "Cache-Control": PRIVATE})


@router.get(
    "/proofs/inclusion",
    operation_id="proveInclusion",
    summary="Prove that an entry is in the ledger",
    response_model=InclusionDocument,
    responses=answers(200, {}, PROVING),
)
def prove_inclusion(query: Annotated[InclusionQuery, Query()], service: Services) -> Response:
    """The way from an entry to the root of a signed checkpoint. An entry is signed within a second or two."""
    checkpoint = _checkpoint_with(service, query)
    hashes = service.transparency.inclusion_proof(query.position - 1, checkpoint.size)
    leaf_hash = service.transparency.leaf_hash(query.position - 1)
    return _json(inclusion_document(query.position, leaf_hash, hashes, checkpoint))


@router.get(
    "/proofs/inclusion.tlog-proof",
    operation_id="getReceipt",
    summary="Take the proof along as a file",
    response_class=Response,
    responses=answers(200, {}, PROVING, forms=[PLAIN]),
)
def get_receipt(query: Annotated[InclusionQuery, Query()], service: Services) -> Response:
    """The same proof as a file that is checked offline (c2sp.org/tlog-proof), with the signed checkpoint in it."""
    checkpoint = _checkpoint_with(service, query)
    proof = InclusionProof(
        index=query.position - 1,
        hashes=service.transparency.inclusion_proof(query.position - 1, checkpoint.size),
        checkpoint=checkpoint.signed,
    )
    name = f'attachment; filename="{query.position}.tlog-proof"'
    return _text(bytes(proof), **{"Content-Disposition": name})


@router.get(
    "/proofs/consistency",
    operation_id="proveConsistency",
    summary="Prove that the ledger has only grown",
    response_model=ConsistencyDocument,
    responses=answers(200, {}, PROVING),
)
def prove_consistency(query: Annotated[ConsistencyQuery, Query()], service: Services) -> Response:
    """That the tree of one size begins with that of another, without reading the entries."""
    tree, first = service.transparency, query.first
    second = query.second or _checkpoint(service, None).size
    if second > tree.size() or first > second:
        raise Failure(problems.NOT_SIGNED, f"The ledger has no {first} of {second} entries to compare.")
    return _json(
        ConsistencyDocument(
            first_size=first,
            second_size=second,
            first_root=in_base64(tree.root(first)),
            second_root=in_base64(tree.root(second)),
            hashes=[in_base64(hash) for hash in tree.consistency_proof(first, second)],
        )
    )


@router.get(
    "/tile/{path:path}",
    operation_id="readTile",
    summary="Read a tile of the tree, or of entries",
    openapi_extra=FOR_EVERYBODY,
    response_class=Response,
    responses=answers(200, {}, (*FOR_INSIGHT, problems.NO_SUCH_ADDRESS), forms=[BINARY]),
)
def read_tile(path: TilePath, service: Services, reader: Reader) -> Response:
    """256 hashes or entries, or as many as there are (c2sp.org/tlog-tiles). What a path names never changes.

    Tiles of hashes are for everybody, tiles of entries for BDT and auditors.
    """
    try:
        tile = Tile.parse(path)
    except NoSuchTile as fault:
        raise Failure(problems.NO_SUCH_ADDRESS, "This is no path of a tile.") from fault
    if tile.level is None:
        require_insight(reader)
    content = service.transparency.tile(tile)
    if content is None:
        raise Failure(problems.NO_SUCH_ADDRESS, "The tree does not have this tile, or not as wide yet.")
    kept = FOR_EVER if tile.level is not None else PRIVATE
    return Response(content, media_type=BINARY, headers={"Cache-Control": kept})


@router.get(
    "/bundle.zip",
    operation_id="exportBundle",
    summary="Take the whole ledger along",
    response_class=Response,
    responses=answers(200, {}, (*FOR_INSIGHT, problems.NOT_SIGNED), forms=[ZIP]),
)
def export_bundle(service: Services, reader: Reader) -> Response:
    """Everything that is needed to verify the ledger offline with `p2c verify`, in one zip file.

    For BDT and auditors.
    """
    require_insight(reader)
    return bundle_file(service)


def _in_sight(service: Service, stored: bytes, position: int, sight: Sight) -> bool:
    """Whether somebody may know of the entry; one that cannot be read is for those who may know of all."""
    if sight.everything:
        return True
    try:
        event = service.ledger.read(stored, position).event
    except Unreadable:
        return False
    if not isinstance(event, PledgeEvent):
        return True
    pledge = service.ledger.pledge(event.originator_id)
    return pledge is not None and sight.includes(pledge)


def _checkpoint(service: Service, size: int | None) -> StoredCheckpoint:
    found = service.checkpoints.latest() if size is None else service.checkpoints.of_size(size)
    if found is None:
        what = "No checkpoint was signed yet." if size is None else f"No checkpoint of size {size} was signed."
        raise Failure(problems.NOT_SIGNED, what, headers=RETRY_AFTER)
    return found


def _checkpoint_with(service: Service, query: InclusionQuery) -> StoredCheckpoint:
    checkpoint = _checkpoint(service, query.size)
    if checkpoint.size < query.position:
        detail = f"The checkpoint has {checkpoint.size} entries, and none at position {query.position}."
        raise Failure(problems.NOT_SIGNED, detail, headers=RETRY_AFTER)
    return checkpoint


def _json(content: BaseModel) -> Response:
    return Response(content.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-cache"})
