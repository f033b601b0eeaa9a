"""Comparing a published snapshot with what the register says of the same moment now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import typer

from api.cli.console import people, shown
from api.cli.failures import WRONG, Unusable, say
from audit.canonical import canonical
from audit.snapshot import RULES_VERSION
from domain.dimensions import Attribution, Dimension, Division
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
            f"“{shown(published.fact.title)}” is what the register says of position {of.position}, effective on"
            f" {of.effective_on}: {len(stored):,} bytes alike, {of.digest}"
        )
        return
    for difference in _differences(json.loads(stored), taken):
        people().print(shown(difference))
    say(
        f"The published snapshot is not what the register says of position {of.position} now.",
        "The ledger, the published bytes or the program was changed; `p2c doctor` examines what guards the first two.",
    )
    raise typer.Exit(WRONG)


def _taken_again(service: Service, of: SnapshotIdentity) -> dict[str, Any]:
    service.projections.catch_up()
    at = service.register.resolve(of.position, of.effective_on)
    by = tuple(Dimension(name) for name in of.group_by)
    return service.snapshots.take(at, Division(by=by, attribution=Attribution(of.attribution)))


def _differences(published: Mapping[str, Any], taken: Mapping[str, Any]) -> Iterator[str]:
    """What differs: totals figure by figure, pledges by reference, everything else by its name."""
    for name in sorted((published.keys() | taken.keys()) - {"totals", "pledges"}):
        if published.get(name) != taken.get(name):
            yield f"{name} differs"
    before, after = published.get("totals", {}), taken["totals"]
    yield from (
        f"{name} was {before.get(name)}, is {value}" for name, value in after.items() if before.get(name) != value
    )
    rows, again = _by_reference(published), _by_reference(taken)
    yield from (f"{name} differs" for name in sorted(rows.keys() | again.keys()) if rows.get(name) != again.get(name))


def _by_reference(document: Mapping[str, Any]) -> dict[str, Any]:
    return {row["reference"]: row for row in document.get("pledges", [])}
