"""A status snapshot as a file of comma-separated values, and as a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from api.exports.cells import Cell
from api.exports.csv_cells import csv_lines
from api.exports.status_columns import PLEDGES, TOTALS, of_groups
from api.exports.workbook import Cover, Sheet, workbook
from audit.envelope import parse_instant
from audit.snapshot import Document, Snapshot

EXPLANATION = (
    "The position, the effective date and the rules version decide every figure: whoever takes the snapshot of the "
    "same three, with the same grouping and attribution, gets the same digest.",
    "Pledges are those that BDT admitted and that were not withdrawn. Organisations, countries, reporting health and "
    "the response rate are of these; the counts by lifecycle are of every pledge in the register.",
    "The rungs of value are never added to each other. Validated is the headline; announced waits for BDT's decision; "
    "delivered is as pledgers reported it; verified is the part of it whose evidence BDT checked.",
    "With full attribution a pledge counts fully in every group it touches, so that groups may exceed the totals; with "
    "split attribution its value is divided, and the groups' values sum to the totals.",
    "The share delivered is of the pledge's promised value. A workbook keeps some fifteen digits of a number; the JSON "
    "form has all of them, and is what the digest is of.",
)


def status_csv(snapshot: Snapshot) -> Iterator[bytes]:
    """The status of every published pledge, one line each."""
    rows = ([column.read(row) for column in PLEDGES] for row in snapshot.document["pledges"])
    return csv_lines([column.name for column in PLEDGES], rows)


def status_workbook(snapshot: Snapshot) -> bytes:
    """A cover that says what the snapshot is of, the pledges, the totals, and the groups where there are any."""
    document = snapshot.document
    sheets = [
        Sheet(name="Pledges", columns=PLEDGES, rows=document["pledges"]),
        Sheet(name="Totals", columns=TOTALS, rows=[document["totals"]]),
    ]
    if group_by := document["group_by"]:
        named = f"By {', '.join(group_by)}".replace("_", " ")
        sheets.append(Sheet(name=named, columns=of_groups(group_by), rows=document["groups"]))
    as_of = document["as_of"]
    return workbook(_cover(snapshot), sheets, made=parse_instant(as_of) if as_of else None)


def file_name(document: Document, extension: str) -> str:
    """What the file is called: after the moment it is of."""
    return f"p2c-status-{document['position']}-{document['effective_on']}.{extension}"


def check_command(document: Document) -> str:
    """The command that takes the same snapshot again."""
    grouped = f" --group-by {','.join(document['group_by'])}" if document["group_by"] else ""
    return (
        f"p2c snapshot --as-of {document['position']} --effective-on {document['effective_on']}{grouped}"
        f" --attribution {document['attribution']}"
    )


def _cover(snapshot: Snapshot) -> Cover:
    document = dict(snapshot.document)
    totals = document["totals"]
    facts: list[tuple[str, Cell]] = [
        ("Ledger position", document["position"]),
        ("Recorded up to", document["as_of"]),
        ("Effective date", date.fromisoformat(document["effective_on"])),
        ("Rules version", document["rules_version"]),
        ("Grouped by", ", ".join(document["group_by"]) or "nothing"),
        ("Attribution", document["attribution"]),
        ("Digest", document["digest"]),
        ("Pledges (the denominator)", totals["pledges"]),
        ("Reported on (the numerator)", totals["reported"]),
        ("Rows on the sheet of pledges", len(document["pledges"])),
        ("To take it again", check_command(document)),
    ]
    return Cover(title="Partner2Connect pledges: status at a point in time", facts=facts, explanation=EXPLANATION)
