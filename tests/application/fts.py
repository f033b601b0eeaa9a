"""The exports of the Ebola register, and what they say when they are read by nothing but the standard library."""

import csv
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from application.register_import.mapping import Mapping, parse
from application.register_import.plan import Choices, Outcome, Plan
from application.register_import.sheet import Sheet
from infrastructure import spreadsheets
from infrastructure.bootstrap import Service

ROOT = Path(__file__).parents[2]
FIRST, SECOND, THIRD = "2014-11-25", "2014-12-15", "2015-04-13"
COMMITTED, PLEDGED = {"Committed", "Commited"}, {"Pledged", "Uncommited "}

Line = dict[str, str]


def path(day: str) -> Path:
    return ROOT / f"tests/data/fts/ebola_response_{day}.csv"


def mapping() -> Mapping:
    return parse((ROOT / "docs/examples/fts-ebola.toml").read_text(encoding="utf-8"))


def sheet(day: str) -> Sheet:
    return spreadsheets.read(path(day), mapping().file)


def lines(day: str) -> list[Line]:
    with path(day).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def total(of: Iterable[Line], words: set[str] = COMMITTED | PLEDGED) -> Decimal:
    return sum((Decimal(line["Funding"]) for line in of if line["Committed"] in words), Decimal(0))


def keys(day: str) -> Counter[tuple[str, ...]]:
    return Counter((line["Donor"], line["Channel"], line["Description"], line["Area"]) for line in lines(day))


def run(service: Service, day: str, choices: Choices | None = None) -> Outcome:
    on = mapping().exported_on(path(day).name)
    assert on is not None
    return service.imports.carry_out(sheet(day), mapping(), on, choices or Choices())


def preview(service: Service, day: str, choices: Choices | None = None) -> Plan:
    on = mapping().exported_on(path(day).name)
    assert on is not None
    return service.imports.preview(sheet(day), mapping(), on, choices or Choices())
