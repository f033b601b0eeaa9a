from datetime import date

import pytest

from benchmarks.bench import QUICK
from benchmarks.machine import Machine
from benchmarks.measures import OURS, AtLeast, Better, Measure, Series
from benchmarks.report import Report, ours_is

MACHINE = Machine(
    processor="A processor", cores=2, gibibytes=4, system="Linux", fsyncs=1234.5, versions=[("Python", "3.11")]
)


def report(*measures, full=True):
    return Report(machine=MACHINE, measures=measures, sizes=QUICK, full=full, today=date(2026, 11, 26))


def appended(ours, *others, notes=()):
    return Measure(
        title="append",
        unit="a second",
        better=Better.MORE,
        series=[Series(OURS, (ours,)), *others],
        targets=[AtLeast(of=OURS, against="peer", factor=20)],
        notes=notes,
    )


def test_what_is_reached_stands_beside_its_target():
    page = report(appended(2_500.0, Series("peer", (100.0,)))).page()

    assert "| append | 20 × peer | 25 × | yes |" in page
    assert "|  | peer | 100 a second | 100 to 100 | 25 × |" in page


def test_what_falls_short_is_said_to():
    assert "| append | 20 × peer | 1.5 × | **no** |" in report(appended(150.0, Series("peer", (100.0,)))).page()


def test_a_peer_that_was_not_there_is_no_success():
    page = report(appended(150.0, notes=["peer was not measured: node not found."])).page()

    assert "| append | 20 × peer | not measured here | – |" in page
    assert "- append: peer was not measured: node not found." in page


def test_the_page_names_machine_versions_and_day():
    page = " ".join(report(appended(150.0)).page().split())

    assert "Measured on 2026-11-26: A processor, 2 cores, 4 GiB, Linux, a disk that syncs 1,234 pages a second" in page
    assert "Python 3.11." in page


@pytest.mark.parametrize("full", [True, False])
def test_a_quick_run_says_that_it_was_one(full):
    assert ("quick run" in report(appended(150.0), full=full).page()) is not full


def test_the_picture_tells_each_target_and_what_was_found():
    picture = report(appended(2_500.0, Series("peer", (100.0,)))).picture()

    assert picture.startswith("<svg")
    assert "append: 20 × peer" in picture
    assert "25 ×" in picture


def test_ours_is_not_held_against_itself():
    assert ours_is(appended(1.0, Series("peer", (2.0,))), OURS) == ""
    assert ours_is(appended(1.0, Series("peer", (2.0,))), "peer") == "0.5 ×"


def test_the_page_is_written_with_its_picture(tmp_path):
    report(appended(150.0, Series("peer", (100.0,)))).write(tmp_path / "performance.md")

    assert "](images/performance.svg)" in (tmp_path / "performance.md").read_text()
    assert (tmp_path / "images" / "performance.svg").read_text().startswith("<svg")
