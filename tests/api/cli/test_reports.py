"""`p2c report` and `p2c obligations`, on the sample."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from audit.snapshot import digest_of
from tests.api.cli.conftest import Run

YEAR = ("--from", "2025-01-01", "--to", "2025-12-31")


def test_a_report_is_written_with_its_digest(on_sample: Run, tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    shown = on_sample("report", *YEAR)
    written = on_sample("report", *YEAR, "--output", str(file))

    assert shown.exit_code == written.exit_code == 0, shown.output + written.output
    assert shown.stdout_bytes == file.read_bytes()
    assert str(file) in written.stdout
    document = json.loads(shown.stdout_bytes)
    assert document["digest"] == digest_of(document)
    assert document["period"] == {"start": "2025-01-01", "end": "2025-12-31"}
    assert document["headline"]["pledges"]["new"] > 0
    assert document["good_practices"]


def test_a_report_on_a_period_that_ends_first_is_used_wrongly(on_sample: Run) -> None:
    answer = on_sample("report", "--from", "2025-01-02", "--to", "2025-01-01")

    assert answer.exit_code == 2
    assert "before it starts" in answer.stderr


def test_a_report_as_of_a_position_that_does_not_exist_is_refused(on_sample: Run) -> None:
    answer = on_sample("report", *YEAR, "--as-of", "999999999")

    assert answer.exit_code == 1
    assert "999999999" in answer.stderr


def test_who_owes_is_the_same_in_every_form(on_sample: Run) -> None:
    told = on_sample("obligations", "--json", "--effective-on", "2027-06-01")
    lines = on_sample("obligations", "--csv", "--effective-on", "2027-06-01")
    shown = on_sample("obligations", "--effective-on", "2027-06-01")

    items = json.loads(told.stdout)["items"]
    assert items
    rows = list(csv.DictReader(io.StringIO(lines.stdout_bytes.decode())))
    assert [row["reference"] for row in rows] == [item["reference"] for item in items]
    assert all(row["reference"] in row["mail_subject"] for row in rows)
    assert all(item["reference"] in shown.stdout for item in items)
    assert f"{len(items)} reports are owed on 2027-06-01" in shown.stdout


def test_only_what_is_asked_for_is_listed(on_sample: Run) -> None:
    answer = on_sample("obligations", "--json", "--effective-on", "2027-06-01", "--health", "silent")

    assert {item["health"] for item in json.loads(answer.stdout)["items"]} == {"silent"}


def test_a_day_on_which_nobody_owes_anything_says_so(on_sample: Run) -> None:
    assert "Nobody owes a report on 2020-01-01." in on_sample("obligations", "--effective-on", "2020-01-01").stdout
