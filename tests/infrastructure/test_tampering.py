"""Whoever has the whole database, as its superuser, can change it; but not without being found out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from application.commands import Request
from audit.checkpoint import Checkpoint, SignedCheckpoint
from audit.merkle import Frontier, leaf_hashes
from audit.signed_note import Note, SigningKey
from audit.verification import Report, Trust, verify
from domain.dimensions import Division
from domain.publication import Publish
from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.bundles import NothingSigned
from infrastructure.signing import Signing
from projections.transparency.changes import TRANSPARENCY
from tests.projections.ledgers import append, busy_life, forget, registered
from tests.superuser import superuser

LAST = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A ledger with a past: the service, where its keys are, and what an auditor took along earlier."""

    service: Service
    signing: Signing
    folder: Path
    since: SignedCheckpoint

    def audited(self) -> Report:
        """What an auditor finds today, with the key and the checkpoint that they have."""
        path = self.folder / "bundle.zip"
        self.service.bundles.write(path)
        return verify(path, Trust(keys=self.service.checkpoints.verifier_keys()[:1], since=self.since))

    def tamper(self, *statements: str, values: Sequence[object] = ()) -> None:
        """Do what a superuser can, triggers or not."""
        with superuser(self.service) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement.encode(), values)


@pytest.fixture
def ledger(empty_ledger: str, tmp_path: Path) -> Iterator[Ledger]:
    signing = Signing(folder=tmp_path / "keys", origin="example.org/ledger")
    with open_on(empty_ledger, signing=signing) as service:
        append(service, [[registered("First")], [registered("Second")], busy_life("P2C-2026-000001")])
        since = sign(service)
        append(service, [busy_life("P2C-2026-000002"), [registered("Third")]])
        sign(service)
        at = service.register.resolve(None, None)
        bdt = Request(actor=Actor(role=Role.BDT))
        service.commands.publish(Publish(title="The register"), lambda: service.snapshots.take(at, Division()), bdt)
        append(service, [[registered("Fourth")]])
        sign(service)
        yield Ledger(service=service, signing=signing, folder=tmp_path, since=since)


def sign(service: Service) -> SignedCheckpoint:
    service.projections.catch_up()
    checkpoint = service.signer.sign()
    assert checkpoint is not None
    return checkpoint.signed


def named(report: Report) -> int | None:
    assert not report.holds
    return report.findings[0].position


def test_nothing_is_found_where_nothing_was_changed(ledger: Ledger):
    report = ledger.audited()
    assert report.findings == []
    assert (report.entries, report.snapshots, report.checkpoints) == (LAST, 1, 3)


CHANGED = """
UPDATE ledger.events SET state = convert_to(replace(convert_from(state, 'UTF8'), '{}', '{}'), 'UTF8')
WHERE notification_id = {}
"""


def test_1_a_changed_amount(ledger: Ledger):
    ledger.tamper(CHANGED.format('"amount":"1000"', '"amount":"9000"', 3))
    assert named(ledger.audited()) == 3


def test_2_a_changed_date(ledger: Ledger):
    ledger.tamper(CHANGED.format('"effective_on":"2024-01-01"', '"effective_on":"2023-01-01"', 4))
    assert named(ledger.audited()) == 4


def test_3_swapped_rows(ledger: Ledger):
    ledger.tamper(
        "UPDATE ledger.events SET notification_id = CASE notification_id WHEN 1 THEN 102 ELSE 101 END"
        " WHERE notification_id IN (1, 2)",
        "UPDATE ledger.events SET notification_id = notification_id - 100 WHERE notification_id > 100",
    )
    assert named(ledger.audited()) == 1


def test_4_a_deleted_tail(ledger: Ledger):
    ledger.tamper(f"DELETE FROM ledger.events WHERE notification_id >= {LAST - 1}")
    assert named(ledger.audited()) == LAST - 1


def test_4_a_deleted_tail_whose_checkpoints_are_deleted_too(ledger: Ledger):
    ledger.tamper(
        f"DELETE FROM ledger.events WHERE notification_id >= {LAST - 1}",
        f"DELETE FROM ledger.checkpoints WHERE size >= {LAST - 1}",
        "DROP SCHEMA transparency CASCADE",
    )
    assert named(ledger.audited()) == LAST - 1, "the key's owner remembers what was signed"


def test_5_a_deleted_middle(ledger: Ledger):
    ledger.tamper("DELETE FROM ledger.events WHERE notification_id = 9")
    assert named(ledger.audited()) == 9


def test_5_a_deleted_middle_with_the_rest_moved_up(ledger: Ledger):
    ledger.tamper(
        "DELETE FROM ledger.events WHERE notification_id = 9",
        "UPDATE ledger.events SET notification_id = notification_id + 1000 WHERE notification_id > 9",
        "UPDATE ledger.events SET notification_id = notification_id - 1001 WHERE notification_id > 1000",
    )
    assert named(ledger.audited()) == 9


def test_6_an_inserted_row(ledger: Ledger):
    ledger.tamper(
        "UPDATE ledger.events SET notification_id = notification_id + 1000 WHERE notification_id >= 6",
        "UPDATE ledger.events SET notification_id = notification_id - 999 WHERE notification_id > 1000",
        "INSERT INTO ledger.events SELECT gen_random_uuid(), 1, topic, convert_to(replace("
        "convert_from(state, 'UTF8'), 'First', 'Nobody'), 'UTF8'), 6, recorded_at"
        " FROM ledger.events WHERE notification_id = 1",
    )
    assert named(ledger.audited()) == 6


def test_7_a_rewritten_history_that_was_signed_again_with_another_key(ledger: Ledger):
    thief = SigningKey("example.org/ledger", bytes(32))
    ledger.tamper(CHANGED.format('"amount":"1000"', '"amount":"9000"', 3))
    notes = list(signed_again(ledger, thief))
    for size, note in notes:
        ledger.tamper("UPDATE ledger.checkpoints SET note = %s WHERE size = %s", values=(note, size))
    ledger.tamper("INSERT INTO ledger.signing_keys (verifier) VALUES (%s)", values=(str(thief.verifier),))
    forget(ledger.service.pool, TRANSPARENCY)
    report = ledger.audited()
    assert named(report) == 1, "the first that no trusted key vouches for"
    assert "a trusted key signed no checkpoint that has it" in str(report.findings)
    assert "not what it was at your checkpoint" in str(report.findings)


def signed_again(ledger: Ledger, key: SigningKey) -> Iterator[tuple[int, bytes]]:
    with ledger.service.pool.connection() as connection:
        rows = connection.execute("SELECT state FROM ledger.events ORDER BY notification_id").fetchall()
    for stored in ledger.service.checkpoints.all(LAST):
        tree = Frontier()
        tree.extend(leaf_hashes([bytes(row["state"]) for row in rows[: stored.size]]))
        point = Checkpoint(origin=key.name, size=stored.size, root=tree.root())
        yield stored.size, bytes(Note.signed(point.text(), [key]))


def test_8_an_edited_snapshot(ledger: Ledger):
    edited = "convert_to(replace(convert_from(bytes, 'UTF8'), '\"position\":13', '\"position\":12'), 'UTF8')"
    ledger.tamper(f"UPDATE ledger.snapshots SET bytes = {edited}, sha256 = sha256({edited})")
    assert named(ledger.audited()) == LAST - 1, "where it was published"


def test_9_an_older_backup_restored(ledger: Ledger, empty_ledger: str):
    backup = [
        f"DELETE FROM ledger.{table} WHERE {column} > 7"
        for table, column in (("events", "notification_id"), ("checkpoints", "size"), ("snapshots", "position"))
    ]
    ledger.tamper(*backup)
    forget(ledger.service.pool, TRANSPARENCY)
    with open_on(empty_ledger) as without_the_key:
        append(without_the_key, [[registered(f"After {n}")] for n in range(20)])
    assert named(ledger.audited()) == 8
    assert ledger.service.signer.problem is not None


@pytest.mark.parametrize(
    "change",
    [
        "topic = 'pledge.declined.v1'",
        "originator_version = 99",
        "originator_id = gen_random_uuid()",
        "recorded_at = recorded_at - interval '1 day'",
    ],
)
def test_10_a_column_beside_the_envelope(ledger: Ledger, change: str):
    ledger.tamper(f"UPDATE ledger.events SET {change} WHERE notification_id = 5")
    report = ledger.audited()
    assert named(report) == 5
    assert "the column" in report.findings[0].problem


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.checkpoints SET note = 'nonsense' WHERE size = 7",
        "UPDATE ledger.checkpoints SET note = 'nonsense' WHERE size = 15",
        "UPDATE ledger.events SET state = 'nonsense' WHERE notification_id = 5",
        "DELETE FROM ledger.events",
    ],
)
def test_whatever_is_spoiled_is_exported_all_the_same_and_does_not_hold(ledger: Ledger, statement: str):
    ledger.tamper(statement)
    assert not ledger.audited().holds


@pytest.mark.parametrize("table", ["checkpoints", "signing_keys"])
def test_checkpoints_and_keys_that_are_deleted_come_back_from_the_key_file(ledger: Ledger, table: str):
    path, trusted = ledger.folder / "bundle.zip", ledger.service.checkpoints.verifier_keys()
    ledger.tamper(f"DELETE FROM ledger.{table}")
    ledger.service.bundles.write(path)
    assert verify(path, Trust(keys=trusted, since=ledger.since)).findings == []


def test_an_empty_ledger_has_nothing_to_export(empty_ledger: str, tmp_path: Path):
    with open_on(empty_ledger, signing=Signing(folder=tmp_path)) as service, pytest.raises(NothingSigned):
        service.bundles.write(tmp_path / "bundle.zip")
