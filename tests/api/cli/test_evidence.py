"""Exporting and verifying on the command line, and the keys that sign."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from audit.bundle import ENTRIES
from audit.signed_note import VerifierKey
from infrastructure.bootstrap import open_on
from tests.api.cli.conftest import Run
from tests.audit.bundles import BUNDLE_KEY, changed, honest, stored
from tests.projections.ledgers import append, registered


@pytest.fixture
def signing_here(on_ledger: Run, empty_ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A ledger with something in it, whose key is kept in a folder of this test."""
    monkeypatch.setenv("P2C_DATA_DIR", str(tmp_path / "data"))
    grow(empty_ledger)
    return on_ledger


def grow(database: str) -> None:
    with open_on(database) as service:
        append(service, [[registered("Somebody")], [registered("Somebody else")]])


def test_what_is_exported_is_verified(signing_here: Run, tmp_path: Path):
    path = tmp_path / "bundle.zip"
    exported = signing_here("export-bundle", str(path))
    assert exported.exit_code == 0, exported.output
    assert "entries 2, signed checkpoints 1, published snapshots 0" in exported.output

    verified = signing_here("verify", str(path))
    assert verified.exit_code == 0, verified.output
    assert "It holds" in verified.output
    assert "compare it with one from elsewhere" in verified.output


def test_it_is_verified_with_what_the_auditor_brings(signing_here: Run, empty_ledger: str, tmp_path: Path):
    path, since, key = tmp_path / "bundle.zip", tmp_path / "checkpoint.txt", tmp_path / "key.txt"
    signing_here("export-bundle", str(path))
    with open_on(empty_ledger) as service:
        latest = service.checkpoints.latest()
        assert latest is not None
        since.write_bytes(latest.note)
        key.write_text(f"{service.checkpoints.verifier_keys()[0]}\n")
    grow(empty_ledger)
    signing_here("export-bundle", str(path))

    verified = signing_here("verify", str(path), "--since", str(since), "--key", str(key), "--json")
    report = json.loads(verified.stdout)
    assert (verified.exit_code, report["holds"], report["since"], report["entries"]) == (0, True, 2, 4)
    assert report["keys_are_trusted"]


def test_what_does_not_hold_is_named_and_ends_with_1(run: Run, tmp_path: Path):
    path = stored(changed(honest().bundle(), ENTRIES, lambda entries: entries.replace(b"1000", b"9000", 1)), tmp_path)
    verified = run("verify", str(path), "--key", str(BUNDLE_KEY))
    assert verified.exit_code == 1
    assert "position 2" in verified.output
    assert "does NOT hold" in verified.output


@pytest.mark.parametrize("wrong", [["nowhere.zip"], ["--key", "nonsense"], ["--since", "nowhere"]])
def test_a_wrong_use_ends_with_2(run: Run, tmp_path: Path, wrong: list[str]):
    path = [] if wrong[0].endswith(".zip") else [str(stored(honest().bundle(), tmp_path))]
    assert run("verify", *path, *wrong).exit_code == 2


def test_a_changed_ledger_is_exported_with_what_was_noticed(signing_here: Run, empty_ledger: str, tmp_path: Path):
    path = tmp_path / "bundle.zip"
    signing_here("export-bundle", str(path))
    with psycopg.connect(empty_ledger) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE ledger.events SET topic = 'organisation.renamed.v1' WHERE notification_id = 2")
    exported = signing_here("export-bundle", str(path))
    assert exported.exit_code == 0
    assert "position 2: the column topic" in exported.output
    assert signing_here("verify", str(path)).exit_code == 1


def test_an_empty_ledger_cannot_be_exported_and_leaves_no_file(
    on_ledger: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("P2C_DATA_DIR", str(tmp_path / "data"))
    exported = on_ledger("export-bundle", str(tmp_path / "bundle.zip"))
    assert exported.exit_code == 1
    assert "no checkpoint has been signed" in exported.output
    assert list(tmp_path.glob("bundle*")) == []


def test_a_key_is_handed_over_to_the_next_one(signing_here: Run, empty_ledger: str, tmp_path: Path):
    path = tmp_path / "bundle.zip"
    assert signing_here("key", "rotate").exit_code == 1, "there is none yet"
    signing_here("export-bundle", str(path))
    [old] = keys(signing_here)
    assert "The only key" in signing_here("key", "retire", old.id.hex()).output

    assert signing_here("key", "rotate").exit_code == 0
    assert "have not signed this ledger yet" in signing_here("key", "retire", old.id.hex()).output
    grow(empty_ledger)
    signing_here("export-bundle", str(path))
    assert signing_here("key", "retire", old.id.hex()).exit_code == 0
    grow(empty_ledger)
    signing_here("export-bundle", str(path))

    [new] = set(keys(signing_here)) - {old}
    assert signing_here("verify", str(path), "--key", str(new)).exit_code == 0
    assert signing_here("verify", str(path), "--key", str(old)).exit_code == 1, "it signs no longer"
    assert "No key with the id" in signing_here("key", "retire", old.id.hex()).output


def keys(run: Run) -> list[VerifierKey]:
    return [VerifierKey.parse(key["key"]) for key in json.loads(run("key", "list", "--json").stdout)["keys"]]
