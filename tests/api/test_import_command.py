"""`p2c import`, as an operator and a program meet it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from typer.testing import CliRunner, Result

from api.cli.import_register import import_register
from tests.application import fts

MAPPING = fts.ROOT / "docs/examples/fts-ebola.toml"
THIRD = fts.path(fts.THIRD)


def app() -> typer.Typer:
    app = typer.Typer()
    app.command("import")(import_register)
    return app


@pytest.fixture
def ledger(empty_ledger: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("P2C_DATABASE_URL", empty_ledger)
    monkeypatch.setenv("COLUMNS", "200")
    return empty_ledger


def p2c_import(*arguments: object, mapping: Path = MAPPING) -> Result:
    return CliRunner().invoke(app(), [str(a) for a in (*arguments, "--mapping", mapping)])


def p2c_import_json(*arguments: object) -> tuple[int, dict[str, Any]]:
    result = p2c_import(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


def stored(conninfo: str) -> dict[str, int]:
    tables = ("events", "commands", "reference_numbers")
    with psycopg.connect(conninfo) as connection:
        counts = {}
        for table in tables:
            row = connection.execute(f"SELECT count(*) FROM ledger.{table}").fetchone()
            counts[table] = row[0] if row else 0
        return counts


def test_a_rehearsal_shows_everything_and_writes_nothing(ledger: str) -> None:
    result = p2c_import(THIRD, "--dry-run")

    assert result.exit_code == 0, result.output
    assert "1,539,283,677" in result.stdout
    assert "register would hold" in result.stdout
    assert "A rehearsal: nothing was written." in result.stdout
    assert stored(ledger) == {"events": 0, "commands": 0, "reference_numbers": 0}


def test_an_import_reports_what_it_did_and_the_next_one_that_nothing_is_left(ledger: str) -> None:
    first, second = p2c_import(THIRD), p2c_import(THIRD)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "Recorded 1,480 events, positions 1 to 1480." in first.stdout
    assert "Nothing to do: the register has all of this already." in second.stdout
    assert stored(ledger)["events"] == 1480


def test_programs_get_the_same_as_json(ledger: str) -> None:
    p2c_import(fts.path(fts.SECOND))

    code, document = p2c_import_json(THIRD)

    assert code == 0
    assert (document["written"], document["first_position"], document["last_position"]) == (True, 1089, 1722)
    assert document["summary"]["lines"] == 683
    (movement,) = document["movements"]
    assert movement["difference"] == "299872054"
    assert {total["firmness"]: total["register"] for total in document["totals"]} == {
        "announced": "140434012",
        "validated": "1398849665",
    }


def test_a_file_that_matches_nothing_is_refused_loudly(ledger: str) -> None:
    p2c_import(fts.path(fts.FIRST))
    before = stored(ledger)

    result = p2c_import(fts.path(fts.SECOND))

    assert result.exit_code == 1
    assert "The file matches almost nothing" in result.stdout
    assert "0 are on both sides to the letter" in result.stdout
    assert "World Health Organization" in result.stdout
    assert "--as-new" in result.stdout
    assert stored(ledger) == before


def test_bad_lines_are_listed_and_nothing_is_written(ledger: str, tmp_path: Path) -> None:
    path = tmp_path / "ebola_response_2015-04-13.csv"
    header, *lines = THIRD.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([header, 'Norway,WHO,"two\nlines",many,Committed,Guinea\n', *lines]), encoding="utf-8")

    code, document = p2c_import_json(path)
    kept = p2c_import(path, "--keep-good-rows")

    assert code == 1
    assert document["faults"] == [
        {
            "line": 2,
            "column": "Funding",
            "value": "many",
            "reason": "is not an amount",
            "remedy": "Write it as 1234.50, or set [numbers] in the mapping.",
        }
    ]
    assert document["written"] is False
    assert kept.exit_code == 0
    assert stored(ledger)["events"] == 1480


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("ebola_response_2015-04-13.csv", b"", 1, "is empty"),
        ("ebola_response_2015-04-13.csv", b"Donor\nx\n", 1, "no column Channel"),
        ("ebola_response_2015-04-13.csv", b"Donor\n\xe9\n", 1, "is not UTF-8"),
        ("register.csv", b"", 2, "It is not known when register.csv was exported"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, name: str, content: bytes, code: int, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    result = p2c_import(path)

    assert result.exit_code == code
    assert message in result.stderr


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(("given", "message"), [("yesterday", "is not a date"), ("2999-01-01", "is in the future")])
def test_a_wrong_export_date_is_wrong_usage(given: str, message: str) -> None:
    result = p2c_import(THIRD, "--exported-on", given)

    assert result.exit_code == 2
    assert message in result.stderr


def test_a_mapping_that_cannot_be_used_is_wrong_usage(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING.read_text(encoding="utf-8").replace("[amount]", "[amuont]"), encoding="utf-8")

    result = p2c_import(THIRD, mapping=mapping)

    assert result.exit_code == 2
    assert "amuont: there is no such key; the nearest one is amount" in result.stderr


def test_a_file_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    assert p2c_import(tmp_path / "none.csv").exit_code == 2


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("after_seconds", [0.9, 1.5])
def test_an_interrupted_import_leaves_everything_or_nothing(
    ledger: str, signal_sent: signal.Signals, after_seconds: float
) -> None:
    program = "from api.cli.import_register import import_register; import typer; typer.run(import_register)"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(THIRD), "--mapping", str(MAPPING)],
        cwd=fts.ROOT,
        env={**os.environ, "PYTHONPATH": str(fts.ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(after_seconds)
    process.send_signal(signal_sent)
    process.wait(timeout=30)

    assert stored(ledger)["events"] in {0, 1480}
    assert p2c_import(THIRD).exit_code == 0
    assert stored(ledger)["events"] == 1480
