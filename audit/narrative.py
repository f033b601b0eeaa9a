"""A fact in words: one English sentence that says what it did, for a history anyone can read."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import assert_never

from domain.events import (
    Amended,
    Announced,
    AnyEvent,
    ContributionQueried,
    ContributionVerified,
    Corrected,
    Deactivated,
    Declined,
    Fulfilled,
    PartiallyFulfilled,
    Published,
    Registered,
    Renamed,
    Reported,
    ScaledDown,
    ScaledUp,
    TargetChange,
    Validated,
    Withdrawn,
)
from domain.pledge import Pledge, stated
from domain.values import Contribution, Money, Target
from domain.vocabulary import labels


def summarise(event: AnyEvent, before: Pledge | None = None) -> str:
    """What the fact did, in one sentence; `before` is the pledge it happened to."""
    match event:
        case Announced(title=title, targets=targets):
            return f"Announced “{title}”{_promising(targets)}."
        case Validated(note=note):
            return f"Admitted to the register{_because(note)}."
        case Declined(reason=reason):
            return f"Declined: {reason}"
        case ScaledUp():
            return f"Scaled up: {_list(_raised(event))}."
        case ScaledDown(targets=changes, reason=reason):
            return f"Scaled down: {_list(_change(c) for c in changes)}. Reason: {reason}"
        case PartiallyFulfilled(contributions=contributions):
            return f"Delivered {_list(_delivery(c, before) + _instead(c) for c in contributions)}."
        case Reported(period_start=start, period_end=end, self_assessment=assessment):
            return f"Reported on {start} to {end}: {labels('self_assessment')[assessment]['en'].lower()}."
        case Fulfilled(statement=statement):
            return f"Fulfilled: {statement}"
        case ContributionVerified(contribution=id, note=note):
            return f"Verified the contribution {id}{_because(note)}."
        case ContributionQueried(contribution=id, question=question):
            return f"Asked about the contribution {id}: {question}"
        case Corrected():
            return _correction(event, before)
        case Amended(after=after, reason=reason):
            return f"Amended {_list(name.replace('_', ' ') for name in stated(after))}. Reason: {reason}"
        case Withdrawn(reason=reason, superseded_by=other):
            return f"Withdrawn{f', superseded by {other}' if other else ''}. Reason: {reason}"
        case Registered(name=name):
            return f"Registered {name}."
        case Renamed(former_name=former, name=name):
            return f"Renamed from {former} to {name}."
        case Deactivated(reason=reason):
            return f"Deactivated. Reason: {reason}"
        case Published(title=title, snapshot=of):
            return f"Published “{title}”: the register at position {of.position}, effective on {of.effective_on}."
        case _:
            assert_never(event)


def quantity(amount: Money | Decimal, measure: str) -> str:
    """An amount in words: `1,250,000.00 EUR`, or `80 schools connected`."""
    if isinstance(amount, Money):
        return str(amount)
    label = labels("measure").get(measure)
    return f"{amount:,f} {label['en'].lower() if label else measure}"


def _promising(targets: tuple[Target, ...]) -> str:
    return f", promising {_list(_promise(t) for t in targets)}" if targets else ""


def _promise(target: Target) -> str:
    start = f" from a baseline of {target.baseline:,f}" if target.baseline else ""
    return f"{quantity(target.value, target.measure)}{start}"


def _because(note: str | None) -> str:
    return f": {note.removesuffix('.')}" if note else ""


def _raised(event: ScaledUp) -> Iterable[str]:
    yield from (_change(change) for change in event.targets)
    yield from (f"new target of {_promise(t)}" for t in event.new_targets)
    if event.new_countries:
        yield f"also in {', '.join(event.new_countries)}"
    if event.ends_on:
        before = f" instead of {event.ends_on_before}" if event.ends_on_before else ""
        yield f"until {event.ends_on}{before}"


def _change(change: TargetChange) -> str:
    before, after = change.before, change.after
    was = f"{before.value.amount:,f}" if isinstance(before.value, Money) else f"{before.value:,f}"
    return f"from {was} to {quantity(after.value, after.measure)}"


def _delivery(contribution: Contribution, before: Pledge | None) -> str:
    target = before.target(contribution.target) if before else None
    measure = target.measure if target else contribution.target
    where = f" in {contribution.country}" if contribution.country else ""
    return f"{quantity(contribution.amount, measure)}{where} on {contribution.effective_on}"


def _instead(contribution: Contribution) -> str:
    return f" instead of the contribution {contribution.replaces}" if contribution.replaces else ""


def _correction(event: Corrected, before: Pledge | None) -> str:
    counted = before.contributions.get(event.contribution) if before else None
    was = f" of {_delivery(counted.contribution, before)}" if counted else ""
    what = (
        f"Corrected the contribution {event.contribution}{was} to {_delivery(event.replacement, before)}"
        if event.replacement
        else f"Took back the contribution {event.contribution}{was}"
    )
    reopened = " The pledge is open again." if event.reopens else ""
    return f"{what}. Reason: {event.reason}{'' if event.reason.endswith('.') else '.'}{reopened}"


def _list(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
