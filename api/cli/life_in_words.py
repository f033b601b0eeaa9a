"""A pledge's life as it is shown: for people line by line, for programs step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from rich.console import Console

from api.cli.console import shown
from audit.envelope import format_instant
from audit.narrative import quantity
from audit.replay import Step
from domain.pledge import Pledge, RecordedContribution, RecordedReport
from domain.values import Money, Target

Contributions = Mapping[str, RecordedContribution]

NameOf = Callable[[UUID | None, int], str | None]
"""The name an organisation went by at a position of the ledger."""


def show_life(console: Console, steps: Sequence[Step], whole_life: int, name_of: NameOf) -> None:
    """Tell the steps, and say where the life goes on after them."""
    last = steps[-1].after
    if last:
        console.print(f"[bold]{shown(last.reference)}[/]  {shown(last.title)}\n")
    for step in steps:
        _show(console, step, name_of)
    if len(steps) < whole_life:
        console.print(f"{len(steps)} of {whole_life} events; the others lie outside what was asked for.")


def document(step: Step, name_of: NameOf) -> dict[str, Any]:
    """A step as JSON."""
    entry = step.entry
    return {
        "position": entry.position,
        "version": entry.event.originator_version,
        "type": entry.type,
        "event_id": str(entry.event_id),
        "recorded_at": format_instant(entry.recorded_at),
        "effective_on": entry.event.effective_on.isoformat(),
        "actor": {
            **msgspec.to_builtins(entry.event.actor),
            "organisation_name": name_of(entry.event.actor.organisation, entry.position),
        },
        "summary": step.summary,
        "changes": {
            field: {"before": _plain(before), "after": _plain(after)}
            for field, (before, after) in sorted(step.changes.items())
        },
        "state": _state(step.after),
    }


def _show(console: Console, step: Step, name_of: NameOf) -> None:
    event, entry = step.entry.event, step.entry
    who = name_of(event.actor.organisation, entry.position)
    by = f"{event.actor.role}{f' for {who}' if who else ''}"
    console.print(f"[bold]version {event.originator_version}[/]  position {entry.position}  [cyan]{entry.type}[/]")
    console.print(f"  {shown(step.summary)}")
    console.print(f"  [dim]by[/] {shown(by)}")
    console.print(f"  [dim]recorded[/] {format_instant(entry.recorded_at)}  [dim]effective[/] {event.effective_on}")
    if step.before:
        for line in _differences(step):
            console.print(f"  [dim]changed[/] {shown(line)}")
    if step.after:
        console.print(f"  [dim]then[/] {shown(_standing(step.after))}")
    console.print()


def _standing(pledge: Pledge) -> str:
    parts = [f"{pledge.lifecycle.replace('_', ' ')}{', scaled up' if pledge.scaled_up else ''}"]
    parts += [_progress(pledge, target) for target in pledge.targets]
    if pledge.value_usd:
        parts.append(f"{pledge.delivered_usd:,f} of {pledge.value_usd:,f} USD, {pledge.verified_usd:,f} verified")
    return "; ".join(parts)


def _progress(pledge: Pledge, target: Target) -> str:
    promised = (
        quantity(target.value, target.measure)
        if isinstance(target.value, Money)
        else quantity(target.promised, target.measure)
    )
    return f"{target.id} {pledge.delivered(target):,f} of {promised} ({pledge.share(target) * 100:.2f} %)"


def _differences(step: Step) -> Iterable[str]:
    for field, (before, after) in sorted(step.changes.items()):
        yield f"{field.replace('_', ' ')}: {_difference(before, after)}"


def _difference(before: object, after: object) -> str:
    """What was added and taken away, of things that are many; otherwise the old and the new."""
    match before, after:
        case dict(), dict():
            return _contributions(before, after)
        case frozenset(), frozenset():
            return _signed(after - before, before - after)
        case _:
            return f"{_brief(before)} → {_brief(after)}"


def _contributions(before: Contributions, after: Contributions) -> str:
    changed = _signed(after.keys() - before.keys(), before.keys() - after.keys())
    other = (f"{id} {after[id].standing}" for id in before.keys() & after.keys() if before[id] != after[id])
    return changed or ", ".join(sorted(other))


def _signed(come: Iterable[str], gone: Iterable[str]) -> str:
    return " ".join([*(f"+{name}" for name in sorted(come)), *(f"-{name}" for name in sorted(gone))])


def _brief(value: object) -> str:
    match value:
        case None:
            return "none"
        case tuple():
            return ", ".join(_brief(item) for item in value) or "none"
        case Target():
            return f"{value.id} {quantity(value.value, value.measure)}"
        case Decimal():
            return f"{value:,f}"
        case RecordedReport():
            return f"{value.period_start} to {value.period_end}"
        case _:
            return str(value)


def _state(pledge: Pledge | None) -> dict[str, Any] | None:
    if pledge is None:
        return None
    return {
        **_plain(pledge),
        "lifecycle": pledge.lifecycle.value,
        "targets": [_target(pledge, target) for target in pledge.targets],
        "value_usd": f"{pledge.value_usd:f}",
        "delivered_usd": f"{pledge.delivered_usd:f}",
        "verified_usd": f"{pledge.verified_usd:f}",
    }


def _target(pledge: Pledge, target: Target) -> dict[str, Any]:
    return {
        **_plain(target),
        "delivered": f"{pledge.delivered(target):f}",
        "verified": f"{pledge.delivered(target, verified=True):f}",
        "share": f"{pledge.share(target):f}",
    }


def _plain(value: object) -> Any:
    plain = msgspec.to_builtins(value)
    return sorted(plain) if isinstance(value, frozenset) else plain
