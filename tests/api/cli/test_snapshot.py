"""`p2c snapshot`: figures for people, the service's bytes for programs, and a comparison with what was published."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import openpyxl
import psycopg
import pytest
from typer.testing import Result

from application.commands import Request
from application.sample.story import BDT
from audit.canonical import canonical
from domain.dimensions import Dimension, Division
from domain.publication import Publish
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from tests.api.cli.conftest import Run
from tests.databases import new_sample

WHEN = ("--as-of", "200", "--effective-on", "2025-06-30")


@pytest.fixture
def own_sample(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database with the sample in it, to change."""
    with new_sample(postgres) as conninfo:
        yield conninfo


@pytest.fixture
def published(run: Run, own_sample: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, str]:
    """A ledger with the sample, of which a snapshot was published: how to run a command on it, and the id."""
    monkeypatch.setenv("P2C_DATABASE_URL", own_sample)
    with open_on(own_sample) as service:
        return run, _publish(service)


def _publish(service: Service) -> str:
    at = service.register.resolve(200, None)
    outcome = service.commands.publish(
        Publish(title="The sample [as it was]"),
        lambda: service.snapshots.take(at, Division(by=(Dimension.REGION,))),
        Request(actor=BDT),
    )
    return str(outcome.state.id)


def test_json_is_what_the_service_answers_to_the_byte(on_sample: Run, sample_database: str) -> None:
    answer = on_sample("snapshot", *WHEN, "--group-by", "region,type", "--format", "json")
    with open_on(sample_database) as service:
        at = service.register.resolve(200, date(2025, 6, 30))
        taken = service.snapshots.take(at, Division(by=(Dimension.REGION, Dimension.TYPE)))

    assert answer.exit_code == 0
    assert answer.stdout_bytes == canonical(taken)


def test_people_are_told_what_the_figures_are_of(on_sample: Run) -> None:
    told = on_sample("snapshot", *WHEN, "--group-by", "focus_area").stdout
    document = json.loads(on_sample("snapshot", *WHEN, "--format", "json").stdout)
    totals = document["totals"]

    assert "position 200" in told
    assert "2025-06-30" in told
    assert "access" in told
    assert f"{totals['reported']} of {totals['pledges']}" in told
    assert "sha256:" in told


def test_files_are_written_where_they_are_wanted(on_sample: Run, tmp_path: Path) -> None:
    lines, book = tmp_path / "status.csv", tmp_path / "status.xlsx"
    assert on_sample("snapshot", *WHEN, "--format", "csv", "--output", str(lines)).exit_code == 0
    assert on_sample("snapshot", *WHEN, "--format", "xlsx", "--output", str(book)).exit_code == 0
    document = json.loads(on_sample("snapshot", *WHEN, "--format", "json").stdout)

    rows = list(csv.DictReader(io.StringIO(lines.read_text("utf-8"))))
    assert [row["reference"] for row in rows] == [row["reference"] for row in document["pledges"]]
    assert openpyxl.load_workbook(book)["Pledges"].max_row == len(rows) + 1


def test_a_published_snapshot_is_compared_with_the_register(published: tuple[Run, str]) -> None:
    run, id = published
    answer = run("snapshot", "--compare", id)

    assert answer.exit_code == 0
    assert "The sample [as it was]" in answer.stdout
    assert "sha256:" in answer.stdout


def test_published_bytes_that_were_changed_are_found(published: tuple[Run, str], own_sample: str) -> None:
    run, id = published
    with psycopg.connect(own_sample, autocommit=True) as connection:
        connection.execute("ALTER TABLE ledger.snapshots DISABLE TRIGGER USER")
        stored = connection.execute("SELECT bytes FROM ledger.snapshots").fetchone()
        assert stored is not None
        document = json.loads(bytes(stored[0]))
        document["totals"]["validated_usd"] = "1.00"
        document["pledges"][0]["title"] = "Another title"
        forged = canonical(document)
        connection.execute("UPDATE ledger.snapshots SET bytes = %s, sha256 = sha256(%s)", (forged, forged))
    answer = run("snapshot", "--compare", id)

    assert answer.exit_code == 1
    assert "validated_usd was 1.00" in answer.stdout
    assert f"{document['pledges'][0]['reference']} differs" in answer.stdout
    assert "is not what the register says" in told(answer)


def test_an_id_that_nobody_published_is_unknown(on_sample: Run) -> None:
    answer = on_sample("snapshot", "--compare", str(uuid4()))
    assert answer.exit_code == 1
    assert "no published snapshot" in told(answer)


def told(answer: Result) -> str:
    """Standard error in one line."""
    return " ".join(answer.stderr.split())
