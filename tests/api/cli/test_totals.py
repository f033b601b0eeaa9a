"""`p2c totals`: the figures of a snapshot, without its pledges."""

import csv
import io
import json
from pathlib import Path

from tests.api.cli.conftest import Run

WHEN = ("--as-of", "200", "--effective-on", "2025-06-30")


def test_they_are_the_figures_of_the_snapshot(on_sample: Run) -> None:
    totals = json.loads(on_sample("totals", *WHEN, "--group-by", "region", "--format", "json").stdout)
    taken = json.loads(on_sample("snapshot", *WHEN, "--group-by", "region", "--format", "json").stdout)

    assert "pledges" not in totals
    assert (totals["totals"], totals["groups"]) == (taken["totals"], taken["groups"])


def test_people_are_told_what_the_figures_are_of(on_sample: Run) -> None:
    told = on_sample("totals", *WHEN, "--group-by", "focus_area").stdout

    assert "position 200" in told
    assert "2025-06-30" in told
    assert "access" in told


def test_csv_goes_to_a_file(on_sample: Run, tmp_path: Path) -> None:
    file = tmp_path / "totals.csv"
    answer = on_sample("totals", *WHEN, "--group-by", "type", "--format", "csv", "--output", str(file))

    assert answer.exit_code == 0
    lines = list(csv.DictReader(io.StringIO(file.read_text())))
    assert {line["type"] for line in lines} == {"advocacy", "financial", "policy", "programmatic"}
