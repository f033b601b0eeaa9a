"""Checkpoints: signed as the ledger grows, and never against what was signed before."""

from __future__ import annotations

import logging
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from application.ledger import LedgerRolledBack
from audit.checkpoint import SignedCheckpoint
from audit.merkle import require_consistency
from audit.signed_note import SigningKey
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.signer import CheckpointSigner
from infrastructure.signing import KeyFile, Signing, SigningStopped
from projections.transparency.changes import TRANSPARENCY
from tests.projections.ledgers import append, forget, registered
from tests.superuser import superuser

pytestmark = pytest.mark.usefixtures("postgres")


@pytest.fixture
def signing(tmp_path: Path) -> Signing:
    return Signing(folder=tmp_path / "keys")


@pytest.fixture
def service(empty_ledger: str, signing: Signing) -> Iterator[Service]:
    with open_on(empty_ledger, signing=signing) as service:
        yield service


def grow(service: Service, count: int = 3) -> None:
    append(service, [[registered(f"Organisation {n}")] for n in range(count)])
    service.projections.catch_up()


def key_file(service: Service, signing: Signing) -> KeyFile:
    return signing.key_file(service.checkpoints.ledger_id())


def another_signer(service: Service, keys: KeyFile, origin: str | None = None) -> CheckpointSigner:
    return CheckpointSigner(service.pool, keys, origin)


def signed(service: Service) -> SignedCheckpoint:
    checkpoint = service.signer.sign()
    assert checkpoint is not None
    return checkpoint.signed


@contextmanager
def tampering(service: Service) -> Iterator[psycopg.Cursor]:
    """What somebody does who has the whole database."""
    with superuser(service) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield cursor


def test_the_first_checkpoint_makes_the_key_which_only_its_owner_can_read(service: Service, signing: Signing):
    grow(service)
    checkpoint = signed(service)
    keys = key_file(service, signing)
    (key,) = keys.signing_keys()
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert checkpoint.require_signer(service.checkpoints.verifier_keys()) == (key.verifier,)
    assert checkpoint.checkpoint.size == service.ledger.position == 3
    assert checkpoint.checkpoint.root == service.transparency.root(3)
    assert checkpoint.checkpoint.origin == f"localhost/p2c-ledger-{service.checkpoints.ledger_id()}"


def test_nothing_is_signed_while_there_is_nothing(service: Service, signing: Signing):
    assert service.signer.sign() is None
    assert service.checkpoints.verifier_keys() == ()
    assert key_file(service, signing).signing_keys() == ()


def test_a_tree_is_signed_once(service: Service):
    grow(service)
    assert signed(service) == signed(service)
    assert len(service.checkpoints.newest(10)) == 1


def test_every_checkpoint_is_kept_and_begins_with_the_one_before(service: Service):
    checkpoints = []
    for _ in range(3):
        grow(service)
        checkpoints.append(signed(service).checkpoint)
    assert [stored.signed.checkpoint for stored in service.checkpoints.all(100)] == checkpoints
    for first, second in pairwise(checkpoints):
        proof = service.transparency.consistency_proof(first.size, second.size)
        require_consistency(first.size, second.size, first.root, second.root, proof)


def test_two_who_sign_at_once_sign_the_same(service: Service, signing: Signing):
    grow(service)
    others = [another_signer(service, key_file(service, signing)) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda signer: signer.sign(), others))
    assert len(set(results)) == 1


def test_while_the_service_runs_it_signs_by_itself(service: Service):
    service.start()
    append(service, [[registered("First")]])
    wait_for(lambda: service.checkpoints.of_size(1))
    append(service, [[registered("Second")], [registered("Third")]])
    wait_for(lambda: service.checkpoints.of_size(3))
    assert service.signer.problem is None


def wait_for(there) -> None:
    deadline = time.monotonic() + 30
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_ledger_keeps_the_name_it_was_given(empty_ledger: str, tmp_path: Path):
    signing = Signing(folder=tmp_path, origin="p2c.example.org/v1/ledger")
    with open_on(empty_ledger, signing=signing) as service:
        grow(service)
        assert signed(service).checkpoint.origin == "p2c.example.org/v1/ledger"
        renamed = another_signer(service, key_file(service, signing), "another.example.org")
        grow(service)
        with pytest.raises(SigningStopped, match="keeps its name for ever"):
            renamed.sign()


def test_a_process_without_a_key_file_signs_nothing(service: Service, empty_ledger: str):
    grow(service)
    with open_on(empty_ledger) as without:
        without.start()
        with pytest.raises(SigningStopped, match="P2C_SIGNING_KEY_FILE"):
            without.signer.sign()


def test_no_second_key_is_made_for_a_ledger_that_has_one(service: Service, tmp_path: Path):
    grow(service)
    signed(service)
    elsewhere = KeyFile(tmp_path / "elsewhere.key")
    with pytest.raises(SigningStopped, match="does not have"):
        another_signer(service, elsewhere).sign()
    assert not elsewhere.path.exists()


def test_a_key_that_never_signed_the_ledger_does_not_begin_to(service: Service, tmp_path: Path):
    grow(service)
    origin = signed(service).checkpoint.origin
    foreign = KeyFile(tmp_path / "foreign.key")
    foreign.create(origin)
    with pytest.raises(SigningStopped, match="holds another one"):
        another_signer(service, foreign).sign()


def test_a_new_key_signs_beside_the_old_one_until_that_is_taken_out(service: Service, signing: Signing):
    grow(service)
    origin, keys = signed(service).checkpoint.origin, key_file(service, signing)
    (old,) = keys.signing_keys()
    new = SigningKey.generate(origin)

    keys.replace([new, old])
    grow(service)
    assert set(signed(service).require_signer(service.checkpoints.verifier_keys())) == {new.verifier, old.verifier}

    keys.replace([new])
    grow(service)
    assert signed(service).require_signer(service.checkpoints.verifier_keys()) == (new.verifier,)
    assert set(service.checkpoints.verifier_keys()) == {old.verifier, new.verifier}, (
        "the old one still tells what it signed"
    )


@pytest.mark.skipif(not hasattr(stat, "S_IRGRP"), reason="no such permissions")
def test_a_key_that_others_can_read_is_not_used(service: Service, signing: Signing):
    grow(service)
    keys = key_file(service, signing)
    keys.create("example.org/ledger")
    keys.path.chmod(0o640)
    with pytest.raises(SigningStopped, match="chmod 600"):
        service.signer.sign()


@pytest.mark.parametrize("content", [b"", b"not a key\n", b"\xff\xfe"])
def test_a_file_without_usable_keys_is_said_to_be_one(tmp_path: Path, content: bytes):
    path = tmp_path / "bad.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SigningStopped, match=r"bad\.key"):
        KeyFile(path).signing_keys()


def test_what_was_signed_but_not_published_is_published_later(service: Service, signing: Signing):
    grow(service)
    signed(service)
    grow(service)
    with tampering(service) as cursor:  # a stop between the two
        latest = signed(service)
        cursor.execute("DELETE FROM ledger.checkpoints WHERE size = 6")
    assert service.checkpoints.of_size(6) is None
    assert signed(service) == latest


def test_an_older_backup_is_noticed(service: Service, signing: Signing, postgres: EmbeddedPostgres, empty_ledger: str):
    grow(service)
    signed(service)
    with copy_of(postgres, empty_ledger) as backup:
        grow(service)
        signed(service)
        with open_on(backup, signing=signing) as restored:
            restored.projections.catch_up()
            with pytest.raises(SigningStopped, match="ends at position 3, but was signed up to 6: 4 is gone"):
                restored.signer.sign()
            assert restored.signer.problem is not None
            with pytest.raises(LedgerRolledBack, match="ends at position 3, but was signed up to 6"):
                grow(restored)
            assert restored.ledger.position == 3
            with open_on(backup) as without_the_key:
                grow(without_the_key, 5)
            with pytest.raises(SigningStopped, match="up to position 6 are not those that were signed"):
                restored.signer.sign()


@contextmanager
def copy_of(postgres: EmbeddedPostgres, conninfo: str) -> Iterator[str]:
    name, backup = conninfo_to_dict(conninfo)["dbname"], "backup_of_a_ledger"
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(backup), sql.Identifier(str(name)))
        )
        try:
            yield make_conninfo(conninfo, dbname=backup)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(backup)))


def test_a_tail_that_is_gone_stops_the_signer(service: Service):
    grow(service)
    signed(service)
    with tampering(service) as cursor:
        cursor.execute("DELETE FROM ledger.events WHERE notification_id = 3")
    forget(service.pool, TRANSPARENCY)
    service.projections.catch_up()
    with pytest.raises(SigningStopped, match="3 is gone"):
        service.signer.sign()


def test_a_rewritten_entry_stops_the_signer_and_is_placed_between_checkpoints(
    service: Service, caplog: pytest.LogCaptureFixture
):
    for _ in range(3):
        grow(service)
        signed(service)
    with tampering(service) as cursor:
        cursor.execute(
            "UPDATE ledger.events SET state = convert_to("
            "replace(convert_from(state, 'UTF8'), 'Organisation', 'Company'), 'UTF8') WHERE notification_id = 5"
        )
    forget(service.pool, TRANSPARENCY)
    service.projections.catch_up()
    with caplog.at_level(logging.ERROR), pytest.raises(SigningStopped, match="one from 4 to 6 was changed"):
        service.signer.sign()
    assert "nothing is signed" in caplog.text


def test_a_checkpoint_that_somebody_put_into_the_database_stops_the_signer(service: Service, signing: Signing):
    grow(service)
    checkpoint = signed(service)
    forged = bytes(checkpoint).replace(b"\n3\n", b"\n4\n")
    with tampering(service) as cursor:
        cursor.execute("INSERT INTO ledger.checkpoints (size, note) VALUES (4, %s)", (forged,))
    with pytest.raises(SigningStopped, match="size 4 is not one that a key of this ledger signed"):
        service.signer.sign()


def test_a_tree_that_is_being_told_again_is_waited_for(service: Service):
    grow(service)
    latest = service.signer.sign()
    forget(service.pool, TRANSPARENCY)
    service.projections.prepare()
    assert service.transparency.size() == 0
    assert service.signer.sign() == latest
    assert service.signer.problem is None


def test_the_key_of_a_ledger_goes_by_the_ledger_s_id(signing: Signing):
    id = UUID(int=5)
    assert signing.key_file(id).path == signing.folder / f"{id}.key"
    assert Signing(folder=signing.folder, file=Path("here")).key_file(id).path == Path("here")


def test_a_rewritten_entry_stops_the_signer_without_anything_being_built_again(service: Service):
    grow(service)
    signed(service)
    with tampering(service) as cursor:
        cursor.execute("UPDATE ledger.events SET state = state || ' ' WHERE notification_id = 2")
    with pytest.raises(SigningStopped, match="position 2 was changed"):
        service.signer.sign()
    with pytest.raises(SigningStopped, match="position 2 was changed"):
        service.signer.sign(look=False)
    with tampering(service) as cursor:
        cursor.execute(
            "UPDATE ledger.events SET state = substr(state, 1, octet_length(state) - 1) WHERE notification_id = 2"
        )
    grow(service)
    assert signed(service).checkpoint.size == 6, "it was put right"


def test_a_service_that_starts_looks_at_every_entry(service: Service):
    grow(service)
    signed(service)
    with tampering(service) as cursor:
        cursor.execute("UPDATE ledger.events SET state = state || ' ' WHERE notification_id = 3")
    service.start()
    wait_for(lambda: service.signer.problem)
    assert "position 3" in str(service.signer.problem)
