"""The evidence over HTTP: what an auditor takes along holds, whatever else the service says."""

from __future__ import annotations

import time
from base64 import b64decode
from pathlib import Path

import pytest

from audit.checkpoint import SignedCheckpoint
from audit.inclusion import InclusionProof
from audit.merkle import leaf_hash, leaf_hashes, require_consistency, require_inclusion
from audit.merkle import root as root_of
from audit.signed_note import parse_keys
from audit.tiles import Subtrees, Tile
from audit.verification import Trust, verify
from infrastructure.bootstrap import Service
from tests.api.http.register import Client

LEDGER = "/v1/ledger"


@pytest.fixture(scope="module")
def service(signing_service: Service) -> Service:
    """A service that signs."""
    return signing_service


def signed(client: Client, position: int) -> SignedCheckpoint:
    """The latest checkpoint, once it has the position."""
    deadline = time.monotonic() + 30
    while True:
        answer = client.get(f"{LEDGER}/checkpoint")
        if answer.status_code == 200 and (found := SignedCheckpoint.parse(answer.content)).checkpoint.size >= position:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.05)


def announced(client: Client) -> dict[str, object]:
    answer = client.post("/v1/organisations", json={"name": f"Org {time.monotonic_ns()}", "sector": "academia"})
    assert answer.status_code == 201
    event: dict[str, object] = answer.json()["events"][0]
    return event


def test_before_anything_is_signed_there_is_nothing_to_show(client: Client) -> None:
    for path in ("checkpoint", "proofs/inclusion?position=1", "proofs/consistency?from=1", "bundle.zip"):
        assert client.get(f"{LEDGER}/{path}").status_code == 404
    assert client.get(f"{LEDGER}/checkpoints").json() == {"items": [], "next": None}


def test_a_write_says_where_its_receipt_is_and_the_receipt_holds_offline(client: Client) -> None:
    event = announced(client)
    position = int(str(event["position"]))
    signed(client, position)
    proof = client.get(str(event["proof"])).json()
    assert proof["position"] == position

    receipt = InclusionProof.parse(client.get(proof["receipt"]).content)
    entry = client.get(f"{LEDGER}/entries", params={"after": position - 1, "limit": 1}).content.removesuffix(b"\n")
    keys = parse_keys(client.get(f"{LEDGER}/keys").text)
    assert receipt.require(entry, keys).origin == "example.org/v1/ledger"


def test_every_event_of_a_history_links_to_its_proof(client: Client) -> None:
    reference = client.announce()
    history = client.get(f"/v1/pledges/{reference}/history").json()["items"]
    signed(client, history[-1]["position"])
    for item in history:
        proof = client.get(item["proof"]).json()
        entry = client.get(f"{LEDGER}/entries", params={"after": item["position"] - 1, "limit": 1}).content
        told = SignedCheckpoint.parse(proof["checkpoint"]["note"].encode()).checkpoint
        hashes = [b64decode(hash) for hash in proof["hashes"]]
        require_inclusion(leaf_hash(entry.rstrip(b"\n")), proof["leaf_index"], told.size, hashes, told.root)
        assert b64decode(proof["leaf_hash"]) == leaf_hash(entry.rstrip(b"\n"))


def test_it_is_proven_that_the_ledger_has_only_grown(client: Client) -> None:
    first = signed(client, int(str(announced(client)["position"]))).checkpoint
    second = signed(client, int(str(announced(client)["position"]))).checkpoint
    for asked in ({"from": first.size}, {"from": first.size, "to": second.size}):
        proof = client.get(f"{LEDGER}/proofs/consistency", params=asked).json()
        hashes = [b64decode(hash) for hash in proof["hashes"]]
        require_consistency(first.size, second.size, first.root, second.root, hashes)
        assert (b64decode(proof["first_root"]), b64decode(proof["second_root"])) == (first.root, second.root)


def test_every_checkpoint_is_listed_and_kept(client: Client) -> None:
    latest = signed(client, int(str(announced(client)["position"])))
    listed = client.get(f"{LEDGER}/checkpoints", params={"limit": 1}).json()
    assert listed["items"][0]["note"].encode() == bytes(latest)
    older = client.get(f"{LEDGER}/checkpoints", params={"below": listed["next"]}).json()["items"]
    assert all(item["size"] < latest.checkpoint.size for item in older)
    again = client.get(f"{LEDGER}/checkpoint", params={"size": older[0]["size"]})
    assert again.text == older[0]["note"]
    assert "immutable" in again.headers["Cache-Control"]


def test_the_latest_checkpoint_is_not_sent_to_who_has_it(client: Client) -> None:
    signed(client, int(str(announced(client)["position"])))
    tag = client.get(f"{LEDGER}/checkpoint").headers["ETag"]
    assert client.get(f"{LEDGER}/checkpoint", headers={"If-None-Match": tag}).status_code == 304


def test_a_client_of_tiled_logs_can_reckon_the_root_and_read_the_entries(client: Client) -> None:
    told = signed(client, int(str(announced(client)["position"]))).checkpoint

    def read(level: int, index: int) -> bytes:
        answer = client.get(f"{LEDGER}/tile/{Tile(level, index, told.size).path}")
        assert "immutable" in answer.headers["Cache-Control"]
        return answer.content

    assert root_of(told.size, Subtrees(read)) == told.root
    bundle = client.get(f"{LEDGER}/tile/entries/000.p/{told.size}").content
    entries = client.get(f"{LEDGER}/entries", params={"limit": told.size}).content.splitlines()
    assert bundle == b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
    assert b"".join(leaf_hashes(entries)) == read(0, 0)


@pytest.mark.parametrize("path", ["0/999", "0/000.p/250", "0/1", "9/000.p/1", "entries/001", "x", "0/../0", "64/000"])
def test_a_tile_that_is_not_there_is_not_made_up(client: Client, path: str) -> None:
    assert client.get(f"{LEDGER}/tile/{path}").status_code == 404


def test_the_entries_are_read_in_parts_that_follow_each_other(client: Client) -> None:
    last = int(str(announced(client)["position"]))
    whole = client.get(f"{LEDGER}/entries").content.splitlines()
    parts, after = [], 0
    while (part := client.get(f"{LEDGER}/entries", params={"after": after, "limit": 2})).content:
        parts += part.content.splitlines()
        after = int(part.headers["Ledger-Position"])
    assert parts == whole
    assert (len(whole), after) == (last, last)


def test_a_bundle_that_is_downloaded_holds(client: Client, tmp_path: Path) -> None:
    since = signed(client, int(str(announced(client)["position"])))
    announced(client)
    answer = client.post("/v1/snapshots", json={"title": "The register"})
    assert answer.status_code == 201
    path = tmp_path / "bundle.zip"
    path.write_bytes(client.get(f"{LEDGER}/bundle.zip").content)
    keys = parse_keys(client.get(f"{LEDGER}/keys").text)
    report = verify(path, Trust(keys=keys, since=since))
    assert report.findings == []
    assert report.snapshots >= 1


def test_a_snapshot_names_the_tree_that_a_checkpoint_signs(client: Client) -> None:
    told = signed(client, int(str(announced(client)["position"]))).checkpoint
    snapshot = client.get("/v1/snapshots/status", params={"as_of": told.size}).json()
    assert (snapshot["tree_size"], b64decode(snapshot["root"])) == (told.size, told.root)


@pytest.mark.parametrize(
    "asked",
    [
        "proofs/inclusion?position=0",
        "proofs/inclusion",
        "proofs/inclusion?position=x",
        "proofs/consistency",
        "checkpoint?size=-1",
        "checkpoint?bogus=1",
        "entries?limit=0",
        "checkpoints?limit=100000",
    ],
)
def test_a_question_that_makes_no_sense_is_said_to_make_none(client: Client, asked: str) -> None:
    assert client.get(f"{LEDGER}/{asked}").status_code == 422


@pytest.mark.parametrize(
    "asked",
    [
        "proofs/inclusion?position=9007199254740992",
        "proofs/inclusion.tlog-proof?position=99999",
        "proofs/inclusion?position=1&size=99999",
        "proofs/consistency?from=1&to=99999",
        "proofs/consistency?from=3&to=2",
        "checkpoint?size=99999",
    ],
)
def test_what_is_not_signed_is_not_proven(client: Client, asked: str) -> None:
    signed(client, int(str(announced(client)["position"])))
    answer = client.get(f"{LEDGER}/{asked}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-signed")


def test_readiness_tells_the_latest_checkpoint_and_why_nothing_is_signed(client: Client, service: Service) -> None:
    told = signed(client, int(str(announced(client)["position"]))).checkpoint
    assert client.get("/readyz").json()["checkpoint"]["size"] == told.size
    assert service.signer.key_file is not None
    path = service.signer.key_file.path
    path.chmod(0o644)
    announced(client)
    deadline = time.monotonic() + 30
    while (answer := client.get("/readyz")).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [error["field"] for error in answer.json()["errors"]] == ["checkpoints"]
    assert "chmod 600" in answer.json()["detail"]
    path.chmod(0o600)
    signed(client, told.size + 1)
    assert client.get("/readyz").status_code == 200
