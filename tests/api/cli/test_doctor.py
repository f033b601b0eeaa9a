"""The doctor finds what is wrong, says what to do, and changes nothing."""

import json
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from application.access import Owner
from domain.vocabulary import Role
from infrastructure.bootstrap import open_on
from infrastructure.disk import GIB, disk_finding
from infrastructure.examination import Verdict, clock_finding
from infrastructure.settings import Settings
from infrastructure.signing import Signing
from tests.api.cli.conftest import Run
from tests.projections.ledgers import append, registered

EVERY_CHECK = {
    "settings",
    "database",
    "version",
    "encoding",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "clock",
    "schema",
    "roles",
    "append-only events",
    "append-only commands",
    "append-only snapshots",
    "append-only identity",
    "append-only signing_keys",
    "append-only checkpoints",
    "entries",
    "sealed entries",
    "webhooks",
    "signing",
    "ledger",
    "read model pledge_status",
    "read model portfolio",
    "read model transparency",
    "read model timeline",
    "read model organisations",
    "disk",
}


def examined(run: Run, *, exit_code: int) -> dict[str, dict[str, str]]:
    """The doctor's findings by check; each that is not well says what to do."""
    answer = run("doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(answer.stdout)["checks"]}

    assert answer.exit_code == exit_code, answer.output
    assert [f for f in findings.values() if f["verdict"] != "ok" and not f["advice"]] == []
    return findings


def change(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_everything_is_well_on_a_ledger_in_use(on_sample: Run) -> None:
    findings = examined(on_sample, exit_code=0)

    assert set(findings) == EVERY_CHECK
    assert {finding["verdict"] for finding in findings.values()} == {"ok"}


def test_people_are_told_the_same(on_sample: Run) -> None:
    answer = on_sample("doctor").stdout

    assert "P2C_DATABASE_URL" in answer
    assert "ledger.events refuses every change" in answer


def test_settings_are_told_with_meaning_and_origin_and_without_secrets(
    on_sample: Run, sample_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P2C_DATABASE_URL", make_conninfo(sample_database, password="s3cret"))

    answer = on_sample("doctor", "--json")
    settings = {setting["name"]: setting for setting in json.loads(answer.stdout)["settings"]}

    assert settings["P2C_DATABASE_URL"]["origin"] == "environment"
    assert settings["P2C_PORT"]["origin"] == "default"
    assert all(setting["meaning"] for setting in settings.values())
    assert "s3cret" not in answer.output


def test_a_wrong_setting_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_PORT", "eighty")

    assert "P2C_PORT" in examined(run, exit_code=1)["settings"]["message"]


def test_a_database_that_is_away_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_DATABASE_URL", "postgresql://127.0.0.1:1/p2c")

    assert examined(run, exit_code=1)["database"]["verdict"] == "error"


def test_a_replica_that_is_away_is_a_warning_and_one_of_another_ledger_an_error(
    on_sample: Run, empty_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P2C_READ_REPLICA_URL", "postgresql://127.0.0.1:1/p2c")
    assert examined(on_sample, exit_code=0)["read replica"]["verdict"] == "warning"

    monkeypatch.setenv("P2C_READ_REPLICA_URL", empty_ledger)
    assert "another ledger" in examined(on_sample, exit_code=1)["read replica"]["message"]


def test_a_database_without_a_ledger_is_no_replica(
    on_sample: Run, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P2C_READ_REPLICA_URL", empty_database)
    assert "no copy" in examined(on_sample, exit_code=1)["read replica"]["message"]


def test_a_replica_that_takes_writes_is_a_warning(
    on_sample: Run, sample_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P2C_READ_REPLICA_URL", sample_database)
    assert "no standby" in examined(on_sample, exit_code=0)["read replica"]["message"]


def test_no_ledger_yet_is_a_warning_and_none_is_made(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_DATA_DIR", str(tmp_path / "var"))

    assert examined(run, exit_code=0)["database"]["verdict"] == "warning"
    assert list(tmp_path.iterdir()) == []


def test_a_schema_that_lacks_steps_is_a_warning_and_is_left_so(on_empty: Run, empty_database: str) -> None:
    assert examined(on_empty, exit_code=0)["schema"]["verdict"] == "warning"

    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regclass('public.p2c_schema')").fetchone() == (None,)


def test_a_ledger_of_an_older_version_lacks_a_step_and_no_trigger(on_ledger: Run, empty_ledger: str) -> None:
    change(empty_ledger, "DROP TABLE ledger.snapshots; DELETE FROM public.p2c_schema WHERE number = 2")

    findings = examined(on_ledger, exit_code=0)

    assert findings["schema"]["verdict"] == "warning"
    assert "append-only snapshots" not in findings
    assert on_ledger("schema", "apply").exit_code == 0
    assert examined(on_ledger, exit_code=0)["append-only snapshots"]["verdict"] == "ok"


def test_a_schema_of_a_newer_version_is_an_error(on_ledger: Run, empty_ledger: str) -> None:
    change(empty_ledger, "INSERT INTO public.p2c_schema (number, name) VALUES (9999, 'from the future')")

    assert "9999" in examined(on_ledger, exit_code=1)["schema"]["message"]


@pytest.mark.parametrize("table", ["events", "commands"])
@pytest.mark.parametrize(
    "tampering",
    [
        "DROP TRIGGER {0}_append_only ON ledger.{0}",
        "ALTER TABLE ledger.{0} DISABLE TRIGGER ALL",
        "ALTER TABLE ledger.{0} ENABLE REPLICA TRIGGER {0}_append_only",
        "DROP TRIGGER {0}_append_only ON ledger.{0}; CREATE TRIGGER {0}_append_only BEFORE UPDATE ON ledger.{0}"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()",
        "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NULL; END $$",
    ],
)
def test_a_ledger_that_can_be_changed_is_an_error(
    tampering: str, table: str, on_ledger: Run, empty_ledger: str
) -> None:
    change(empty_ledger, tampering.format(table))

    assert examined(on_ledger, exit_code=1)[f"append-only {table}"]["verdict"] == "error"


def test_triggers_that_the_database_is_told_to_skip_are_an_error(on_ledger: Run, empty_ledger: str) -> None:
    name = conninfo_to_dict(empty_ledger)["dbname"]
    change(empty_ledger, f"ALTER DATABASE {name} SET session_replication_role = replica")

    assert examined(on_ledger, exit_code=1)["append-only events"]["verdict"] == "error"


def test_commits_that_do_not_wait_for_the_disk_are_an_error(on_ledger: Run, empty_ledger: str) -> None:
    change(empty_ledger, f"ALTER DATABASE {conninfo_to_dict(empty_ledger)['dbname']} SET synchronous_commit = off")

    assert examined(on_ledger, exit_code=1)["synchronous_commit"]["verdict"] == "error"


def test_an_encoding_that_cannot_hold_every_text_is_an_error(
    run: Run, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{conninfo_to_dict(empty_database)['dbname']}_latin1"
    change(
        empty_database, f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
    )
    monkeypatch.setenv("P2C_DATABASE_URL", make_conninfo(empty_database, dbname=name))

    try:
        assert "LATIN1" in examined(run, exit_code=1)["encoding"]["message"]
    finally:
        change(empty_database, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_webhook_that_is_disabled_is_a_warning_that_does_not_tell_its_whole_address(
    on_ledger: Run, empty_ledger: str
) -> None:
    with open_on(empty_ledger) as service:
        owner = Owner(role=Role.BDT)
        webhook, _ = service.webhooks.add(owner, "https://hooks.example:8443/secret-path")
        assert examined(on_ledger, exit_code=0)["webhooks"]["verdict"] == "ok"
        service.webhooks.change(owner, webhook.id, enabled=False)

    found = examined(on_ledger, exit_code=0)["webhooks"]

    assert found["verdict"] == "warning"
    assert f"{webhook.id} of bdt at hooks.example:8443: Its owner disabled it." in found["message"]
    assert "secret-path" not in found["message"]


def test_a_read_model_that_stands_still_is_an_error(on_ledger: Run, empty_ledger: str) -> None:
    change(empty_ledger, "UPDATE timeline.tracking SET error = 'position 7: it does not fit'")

    assert "position 7" in examined(on_ledger, exit_code=1)["read model timeline"]["message"]


@pytest.mark.parametrize("tampering", ["UPDATE timeline.tracking SET version = 0", "DROP SCHEMA timeline CASCADE"])
def test_a_read_model_of_another_version_or_without_tables_is_a_warning(
    tampering: str, on_ledger: Run, empty_ledger: str
) -> None:
    change(empty_ledger, tampering)

    assert examined(on_ledger, exit_code=0)["read model timeline"]["verdict"] == "warning"


def test_a_read_model_far_behind_is_a_warning(
    on_sample: Run, monkeypatch: pytest.MonkeyPatch, sample_database: str
) -> None:
    monkeypatch.setattr("infrastructure.examination.LAG_WARNING", -1)

    assert examined(on_sample, exit_code=0)["read model timeline"]["verdict"] == "warning"


@pytest.mark.parametrize(
    ("skew", "verdict"),
    [(0.5, Verdict.OK), (-0.5, Verdict.OK), (3, Verdict.WARNING), (-61, Verdict.ERROR)],
)
def test_clocks_that_differ_are_told(skew: float, verdict: Verdict) -> None:
    assert clock_finding(skew).verdict is verdict


@pytest.mark.parametrize(
    ("free", "verdict"), [(9 * GIB, Verdict.OK), (GIB, Verdict.WARNING), (GIB // 9, Verdict.ERROR)]
)
def test_a_disk_that_fills_up_is_told(free: int, verdict: Verdict) -> None:
    assert disk_finding(Path("var"), free).verdict is verdict


def test_a_version_that_is_not_supported_is_an_error(on_sample: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.examination.SUPPORTED", range(15, 16))

    assert "PostgreSQL 18 is not supported" in examined(on_sample, exit_code=1)["version"]["message"]


@pytest.fixture
def signed_ledger(empty_ledger: str, on_ledger: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signing:
    """A ledger of three entries that were signed; where its key is."""
    monkeypatch.setenv("P2C_DATA_DIR", str(tmp_path))
    signing = Signing.of(Settings.from_environment())
    with open_on(empty_ledger, signing=signing) as service:
        append(service, [[registered(f"Number {n}")] for n in range(3)])
        service.projections.catch_up()
        service.signer.sign()
    return signing


def test_a_ledger_that_is_signed_is_well(signed_ledger: Signing, on_ledger: Run) -> None:
    assert "3 of 3 entries are signed" in examined(on_ledger, exit_code=0)["signing"]["message"]


def test_an_entry_that_was_changed_is_named(signed_ledger: Signing, on_ledger: Run, empty_ledger: str) -> None:
    change(
        empty_ledger,
        "SET session_replication_role = replica; UPDATE ledger.events"
        " SET state = convert_to(replace(convert_from(state, 'UTF8'), 'Number', 'Figure'), 'UTF8')"
        " WHERE notification_id >= 2",
    )
    assert "position 2 was changed" in examined(on_ledger, exit_code=1)["entries"]["message"]


def test_a_sealed_copy_of_entries_that_was_changed_is_named(on_ledger: Run, empty_ledger: str) -> None:
    with open_on(empty_ledger) as service:
        append(service, [[registered(f"Number {n}") for n in range(257)]])
        service.projections.catch_up()
    assert "put into the tree" in examined(on_ledger, exit_code=0)["sealed entries"]["message"]

    change(empty_ledger, "UPDATE transparency.bundles SET entries = set_byte(entries, 40, 88)")

    finding = examined(on_ledger, exit_code=1)["sealed entries"]
    assert "position 1 is not" in finding["message"]
    assert "p2c rebuild transparency" in finding["advice"]
    on_ledger("rebuild", "transparency")
    assert "put into the tree" in examined(on_ledger, exit_code=0)["sealed entries"]["message"]


def test_an_older_backup_is_noticed(signed_ledger: Signing, on_ledger: Run, empty_ledger: str) -> None:
    change(
        empty_ledger,
        "SET session_replication_role = replica; DELETE FROM ledger.events WHERE notification_id = 3",
    )
    assert "3 entries were signed, and the ledger ends at 2" in examined(on_ledger, exit_code=1)["signing"]["message"]


def test_a_key_that_others_can_read_is_an_error(signed_ledger: Signing, on_ledger: Run) -> None:
    [key] = signed_ledger.folder.glob("*.key")
    key.chmod(0o644)
    assert "chmod 600" in examined(on_ledger, exit_code=1)["signing"]["message"]


def test_a_key_that_is_elsewhere_is_a_warning(signed_ledger: Signing, on_ledger: Run) -> None:
    [key] = signed_ledger.folder.glob("*.key")
    key.rename(key.with_suffix(".elsewhere"))
    assert examined(on_ledger, exit_code=0)["signing"]["verdict"] == "warning"


def test_a_service_that_may_change_the_ledger_is_an_error(on_ledger: Run, empty_ledger: str) -> None:
    change(empty_ledger, "GRANT UPDATE ON ledger.events TO p2c_service")
    assert "events: UPDATE" in examined(on_ledger, exit_code=1)["roles"]["message"]


def test_a_service_that_works_as_the_owner_is_a_warning(on_ledger: Run, empty_ledger: str) -> None:
    change(empty_ledger, "ALTER SCHEMA ledger OWNER TO p2c")
    assert examined(on_ledger, exit_code=0)["roles"]["verdict"] == "warning"
