"""Comparing a published snapshot with what the register says of the same moment now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import typer
from rich.markup import escape

from api.cli.console import people
from api.cli.failures import WRONG, Unusable, say
from application.moments import RULES_VERSION
from application.snapshots import Grouping
from audit.canonical import canonical
from domain.dimensions import Attribution, Dimension
from domain.events import SnapshotIdentity
from domain.refusals import UnknownSnapshot
from infrastructure.bootstrap import Service


def compare_published(service: Service, id: UUID) -> None:
    """Say whether the published bytes are those of the same snapshot taken again; exit code 1 where they are not."""
    published, stored = service.publications.get(id), service.publications.bytes(id)
    if published is None or stored is None:
        raise UnknownSnapshot(str(id))
    of = published.fact.snapshot
    if of.rules_version != RULES_VERSION:
        raise Unusable(
            f"The snapshot was taken by version {of.rules_version} of the rules; this program has version"
            f" {RULES_VERSION}.",
            remedy="Compare it with the version of the program that published it.",
        )
    taken = _taken_again(service, of)
    if canonical(taken) == stored:
        people().print(
            f"“{escape(published.fact.title)}” is what the register says of position {of.position}, effective on"
            f" {of.effective_on}: {len(stored):,} bytes alike, {of.digest}"
        )
        return
    for difference in _differences(msgspec.json.decode(stored), taken):
        people().print(escape(difference))
    say(
        f"The published snapshot is not what the register says of position {of.position} now.",
        "The ledger, the published bytes or the program was changed; `p2c doctor` examines what guards the first two.",
    )
    raise typer.Exit(WRONG)


def _taken_again(service: Service, of: SnapshotIdentity) -> dict[str, Any]:
    service.projections.catch_up()
    at = service.register.resolve(of.position, of.effective_on)
    by = tuple(Dimension(name) for name in of.group_by)
    return service.snapshots.take(at, Grouping(by=by, attribution=Attribution(of.attribution)))


def _differences(published: dict[str, Any], taken: dict[str, Any]) -> list[str]:
    """Which parts differ: figures of the totals and pledges by name, other parts as a whole."""
    parts = [f"{name} differs" for name in sorted(published.keys() | taken.keys()) if name not in ("totals", "pledges")]
    told = [part for part in parts if published.get(part.split()[0]) != taken.get(part.split()[0])]
    before, after = published.get("totals", {}), taken["totals"]
    told += [f"totals: {k} was {before.get(k)}, is {v}" for k, v in after.items() if before.get(k) != v]
    rows = {row["reference"]: row for row in published.get("pledges", [])}
    again = {row["reference"]: row for row in taken["pledges"]}
    return told + [
        f"{name} differs" for name in sorted(rows.keys() | again.keys()) if rows.get(name) != again.get(name)
    ]
