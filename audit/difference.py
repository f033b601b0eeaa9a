"""The difference between two moments as a document: figures at both, causes, and every movement.

Like a snapshot it is made from facts alone, is canonical JSON, and has a digest; the same two moments have the same
document for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from audit.envelope import format_instant
from audit.snapshot import Document, dollars, sealed
from domain.difference import (
    COUNT,
    MEASURES,
    WHOLE,
    Cause,
    Figures,
    Group,
    Movement,
    PledgeDifference,
    Side,
    added,
    changes,
)
from domain.dimensions import Division, order
from domain.ladder import sum_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is compared: two moments, by which rules, divided how, and whether unpublished pledges are named."""

    opening: Side
    opening_recorded_at: datetime | None
    closing: Side
    closing_recorded_at: datetime | None
    rules_version: int
    division: Division = field(default_factory=Division)
    unpublished: bool = False


def difference_document(
    compared: Compared, pledges: Iterable[PledgeDifference], resting: Iterable[Figures] = ()
) -> Document:
    """The document, of the differences of all pledges; `resting` are figures of some that are the same at both moments.

    A pledge that was in the published register at neither moment moves the figures, and is named only if that was
    asked for.
    """
    known, moved = list(pledges), []
    same = added(resting)
    opening = added([same, *(pledge.opening for pledge in known)])
    closing = added([same, *(pledge.closing for pledge in known)])
    for pledge in known:
        named = pledge.reference if pledge.published or compared.unpublished else None
        moved += [(named, pledge.reference, movement) for movement in pledge.movements]
    moved.sort(key=lambda line: line[1])
    by_group: defaultdict[Group, list[Line]] = defaultdict(list)
    for line in moved:
        by_group[line[2].group].append(line)
    total = changes(movement for _, _, movement in moved)
    groups = sorted({group for group, _ in {**opening, **closing} if group != WHOLE}, key=_key_order)
    return sealed(
        {
            "from": _moment(compared.opening, compared.opening_recorded_at),
            "to": _moment(compared.closing, compared.closing_recorded_at),
            "rules_version": compared.rules_version,
            "group_by": list(compared.division.by),
            "attribution": compared.division.attribution,
            "unpublished": compared.unpublished,
            "opening": _figures(opening, WHOLE),
            "closing": _figures(closing, WHOLE),
            "totals": _figures(total, WHOLE),
            "causes": _causes(by_group[WHOLE]),
            "movements": _movements(by_group[WHOLE]),
            "groups": [
                {
                    "key": dict(zip(compared.division.by, group, strict=True)),
                    "opening": _figures(opening, group),
                    "closing": _figures(closing, group),
                    "totals": _figures(total, group),
                    "movements": _movements(by_group[group]),
                }
                for group in groups
            ],
        }
    )


Line = tuple[str | None, str, Movement]


def _moment(side: Side, recorded_at: datetime | None) -> Document:
    return {
        "position": side.position,
        "as_of": format_instant(recorded_at) if recorded_at else None,
        "effective_on": side.effective_on.isoformat(),
    }


def _figures(figures: Figures, group: Group) -> dict[str, str | int]:
    measures = MEASURES if group == WHOLE else [m for m in MEASURES if (group, m) in figures]
    return {measure: _amount(measure, figures.get((group, measure), Decimal(0))) for measure in measures}


def _amount(measure: str, amount: Decimal) -> str | int:
    return int(amount) if measure.endswith(COUNT) else dollars(amount)


def _causes(moved: Sequence[Line]) -> list[dict[str, Any]]:
    sums: defaultdict[tuple[Cause, str], list[Decimal]] = defaultdict(list)
    references: defaultdict[tuple[Cause, str], set[str]] = defaultdict(set)
    for _, reference, movement in moved:
        sums[movement.cause, movement.measure].append(movement.change)
        references[movement.cause, movement.measure].add(reference)
    ordered = ((cause, measure) for cause in Cause for measure in MEASURES if (cause, measure) in sums)
    return [
        {
            "cause": cause,
            "measure": measure,
            "change": _amount(measure, sum_of(sums[cause, measure])),
            "pledges": len(references[cause, measure]),
        }
        for cause, measure in ordered
    ]


def _movements(moved: Sequence[Line]) -> list[dict[str, Any]]:
    return [_movement(named, movement) for named, _, movement in moved]


def _movement(reference: str | None, movement: Movement) -> dict[str, Any]:
    told: dict[str, Any] = {
        "reference": reference,
        "cause": movement.cause,
        "measure": movement.measure,
        "change": _amount(movement.measure, movement.change),
        "positions": list(movement.positions),
    }
    return {**told, "countries": list(movement.countries)} if movement.countries else told


def _key_order(group: Group) -> list[tuple[bool, int, str]]:
    return [order(key) for key in group]
