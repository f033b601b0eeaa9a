"""What is decided when something is asked of a pledge: the facts it causes, or a refusal.

One short function for each command; each states its refusals first and the fact last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import date
from itertools import groupby
from typing import Any, assert_never
from uuid import UUID

from domain import refusals, statements
from domain.circumstances import Circumstances, Header, header
from domain.commands import (
    Amend,
    Announce,
    Contribute,
    ContributionStatement,
    Correct,
    Decline,
    Fulfil,
    PledgeCommand,
    QueryContribution,
    Report,
    ScaleDown,
    ScaleUp,
    TargetStatement,
    Validate,
    VerifyContribution,
    Withdraw,
)
from domain.events import (
    Amended,
    Announced,
    ContributionQueried,
    ContributionVerified,
    Corrected,
    Declined,
    Description,
    Fulfilled,
    PartiallyFulfilled,
    PledgeEvent,
    Reported,
    ScaledDown,
    ScaledUp,
    TargetChange,
    Validated,
    Withdrawn,
)
from domain.parties import parties
from domain.pledge import Pledge, Standing, fold, stated
from domain.text import require_text
from domain.values import Contribution, Money, StatedMoney, Target
from domain.vocabulary import Lifecycle

CLOSED = frozenset({Lifecycle.FULFILLED, Lifecycle.WITHDRAWN, Lifecycle.DECLINED})
LEFT = frozenset({Lifecycle.WITHDRAWN, Lifecycle.DECLINED})


def decide(id: UUID, pledge: Pledge | None, command: PledgeCommand, at: Circumstances) -> tuple[PledgeEvent, ...]:
    """The facts that `command` causes in this state, versions following the pledge's own; or a refusal."""
    require_text(command)
    if isinstance(command, Announce):
        return _announce(id, pledge, command, at)
    if pledge is None:
        raise refusals.UnknownPledge(str(id))
    match command:
        case Validate():
            return _validate(pledge, command, at)
        case Decline():
            return _decline(pledge, command, at)
        case ScaleUp():
            return _scale_up(pledge, command, at)
        case ScaleDown():
            return _scale_down(pledge, command, at)
        case Contribute(contributions=contributions):
            if not contributions:
                raise refusals.NothingDelivered
            return _contribute(pledge, contributions, at)
        case Report():
            return _report(pledge, command, at)
        case Fulfil():
            return _fulfil(pledge, command, at)
        case VerifyContribution():
            return _verify(pledge, command, at)
        case QueryContribution():
            return _query(pledge, command, at)
        case Correct():
            return _correct(pledge, command, at)
        case Amend():
            return _amend(pledge, command, at)
        case Withdraw():
            return _withdraw(pledge, command, at)
        case _:
            assert_never(command)


def _header(pledge: Pledge, at: Circumstances, on: date) -> Header:
    return header(pledge.id, pledge.version, at, on)


def _announce(id: UUID, pledge: Pledge | None, command: Announce, at: Circumstances) -> tuple[PledgeEvent, ...]:
    if pledge is not None:
        raise refusals.AlreadyAnnounced(pledge.reference)
    on = statements.require_past(command.announced_on or at.today, at, "announced_on")
    _require_classification(command)
    statements.require_order(command.starts_on, command.ends_on, "ends_on")
    lead, *others = parties(command.lead, command.partners, at)
    reference = statements.reference(command.reference)
    return (
        Announced(
            **header(id, 0, at, on),
            reference=reference,
            title=command.title,
            description=command.description,
            lead=lead,
            partners=tuple(others),
            type=command.type,
            focus_area=command.focus_area,
            pillars=_once(command.pillars),
            targets=statements.targets(command.targets, on, at, "targets"),
            countries=_once(command.countries),
            beneficiary_groups=_once(command.beneficiary_groups),
            sdgs=_once(command.sdgs),
            wsis_lines=_once(command.wsis_lines),
            starts_on=command.starts_on,
            ends_on=command.ends_on,
            occasion=command.occasion,
            additionality=command.additionality,
            source=command.source,
        ),
    )


def _validate(pledge: Pledge, command: Validate, at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_undecided(pledge)
    return (Validated(**_header(pledge, at, _since_announcement(pledge, command.effective_on, at)), note=command.note),)


def _decline(pledge: Pledge, command: Decline, at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_undecided(pledge)
    return (
        Declined(
            **_header(pledge, at, _since_announcement(pledge, command.effective_on, at)),
            reason=command.reason,
        ),
    )


def _scale_up(pledge: Pledge, command: ScaleUp, at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_open(pledge, CLOSED)
    on = _since_announcement(pledge, command.effective_on, at)
    statements.require_codes(countries=command.countries)
    changes = _changes(pledge, command.targets, on, at)
    for change in changes:
        if change.after.promised <= change.before.promised:
            raise refusals.NothingRises(
                f"the target {change.before.id} promises {change.before.promised:f} already", field="targets"
            )
    new_targets = statements.targets(command.new_targets, on, at, "new_targets")
    for target in new_targets:
        if pledge.target(target.id) is not None:
            raise refusals.DuplicateTargets(target.id, field="new_targets")
    countries = tuple(c for c in _once(command.countries) if c not in pledge.countries)
    ends_on = _later_end(pledge, command.ends_on)
    if not (changes or new_targets or countries or ends_on):
        raise refusals.NothingRises("nothing new is promised")
    return (
        ScaledUp(
            **_header(pledge, at, on),
            targets=changes,
            new_targets=new_targets,
            new_countries=countries,
            ends_on_before=pledge.ends_on if ends_on else None,
            ends_on=ends_on,
        ),
    )


def _scale_down(pledge: Pledge, command: ScaleDown, at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_open(pledge, CLOSED)
    on = _since_announcement(pledge, command.effective_on, at)
    if not command.targets:
        raise refusals.NothingFalls("no target is given", field="targets")
    changes = _changes(pledge, command.targets, on, at)
    for change in changes:
        if change.after.promised >= change.before.promised:
            raise refusals.NothingFalls(
                f"the target {change.before.id} promises {change.before.promised:f}", field="targets"
            )
        delivered = pledge.delivered(change.after)
        if change.after.promised < delivered:
            raise refusals.BelowDelivered(change.after.id, f"{change.after.promised:f}", f"{delivered:f}")
    return (ScaledDown(**_header(pledge, at, on), targets=changes, reason=command.reason),)


def _contribute(pledge: Pledge, given: tuple[ContributionStatement, ...], at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_open(pledge, LEFT)
    return _delivered(pledge, statements.contributions(given, pledge, at), at)


def _delivered(pledge: Pledge, contributions: Iterable[Contribution], at: Circumstances) -> tuple[PledgeEvent, ...]:
    """One fact for each day something was delivered on, so that every date can be asked about exactly."""
    facts: list[PledgeEvent] = []
    for on, same_day in groupby(sorted(contributions, key=_day), key=_day):
        header = _header(_after(pledge, facts), at, on)
        facts.append(PartiallyFulfilled(**header, contributions=tuple(same_day)))
    return tuple(facts)


def _day(contribution: Contribution) -> date:
    return contribution.effective_on


def _report(pledge: Pledge, command: Report, at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_open(pledge, LEFT)
    statements.require_order(command.period_start, command.period_end, "period_end")
    statements.require_since_announcement(command.period_end, pledge, at, "period_end")
    for earlier in pledge.reports:
        if command.period_start <= earlier.period_end and earlier.period_start <= command.period_end:
            raise refusals.PeriodOverlaps(earlier.period_start, earlier.period_end)
    reported = Reported(
        **_header(pledge, at, command.period_end),
        period_start=command.period_start,
        period_end=command.period_end,
        narrative=command.narrative,
        self_assessment=command.self_assessment,
        challenges=command.challenges,
        next_steps=command.next_steps,
        good_practices=command.good_practices,
    )
    return reported, *_contribute(_after(pledge, [reported]), command.contributions, at)


def _fulfil(pledge: Pledge, command: Fulfil, at: Circumstances) -> tuple[PledgeEvent, ...]:
    if pledge.lifecycle is Lifecycle.FULFILLED:
        raise refusals.AlreadyFulfilled
    _require_open(pledge, LEFT)
    on = _since_announcement(pledge, command.effective_on, at)
    delivered = _contribute(pledge, command.contributions, at)
    pledge = _after(pledge, delivered)
    _require_targets_met(pledge)
    return *delivered, Fulfilled(**_header(pledge, at, on), statement=command.statement, evidence=command.evidence)


def _verify(pledge: Pledge, command: VerifyContribution, at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_contribution(pledge, command.contribution)
    if pledge.contributions[command.contribution].standing is Standing.VERIFIED:
        raise refusals.AlreadyVerified(command.contribution)
    header = _header(pledge, at, _since_announcement(pledge, command.effective_on, at))
    return (ContributionVerified(**header, contribution=command.contribution, note=command.note),)


def _query(pledge: Pledge, command: QueryContribution, at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_contribution(pledge, command.contribution)
    header = _header(pledge, at, _since_announcement(pledge, command.effective_on, at))
    return (ContributionQueried(**header, contribution=command.contribution, question=command.question),)


def _correct(pledge: Pledge, command: Correct, at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_contribution(pledge, command.contribution)
    original = pledge.contributions[command.contribution].contribution
    given = (command.replacement,) if command.replacement else ()
    replacements = statements.contributions(given, pledge, at, replaces=original.id)
    same_day = next((r for r in replacements if r.effective_on == original.effective_on), None)
    corrected = Corrected(
        **_header(pledge, at, original.effective_on),
        contribution=original.id,
        reason=command.reason,
        replacement=same_day,
    )
    moved = () if same_day else _delivered(_after(pledge, [corrected]), replacements, at)
    if pledge.lifecycle is Lifecycle.FULFILLED and _unmet(_after(pledge, [corrected, *moved])):
        corrected = replace(corrected, reopens=True)
    return corrected, *moved


def _amend(pledge: Pledge, command: Amend, at: Circumstances) -> tuple[PledgeEvent, ...]:
    if pledge.lifecycle is Lifecycle.DECLINED:
        raise refusals.PledgeClosed(pledge.lifecycle)
    after = _changed_fields(pledge, command.changes)
    if not stated(after):
        raise refusals.NothingAmended
    amended = replace(pledge, **stated(after))
    _require_classification(amended)
    statements.require_order(amended.starts_on, amended.ends_on, "ends_on")
    before = Description(**{name: getattr(pledge, name) for name in stated(after)})
    header = _header(pledge, at, _since_announcement(pledge, command.effective_on, at))
    return (Amended(**header, before=before, after=after, reason=command.reason),)


def _withdraw(pledge: Pledge, command: Withdraw, at: Circumstances) -> tuple[PledgeEvent, ...]:
    _require_open(pledge, CLOSED)
    if command.superseded_by == pledge.reference:
        raise refusals.SupersedesItself
    header = _header(pledge, at, _since_announcement(pledge, command.effective_on, at))
    return (Withdrawn(**header, reason=command.reason, superseded_by=command.superseded_by),)


def _require_undecided(pledge: Pledge) -> None:
    if pledge.validated_on:
        raise refusals.AlreadyDecided("validated")
    if pledge.declined_on:
        raise refusals.AlreadyDecided("declined")
    _require_open(pledge, LEFT)


def _require_open(pledge: Pledge, closed: frozenset[Lifecycle]) -> None:
    if pledge.lifecycle in closed:
        raise refusals.PledgeClosed(pledge.lifecycle)


def _require_contribution(pledge: Pledge, id: str) -> None:
    if id in pledge.corrected:
        raise refusals.AlreadyCorrected(id)
    if id not in pledge.contributions:
        raise refusals.UnknownContribution(id)


def _require_classification(described: Announce | Pledge) -> None:
    statements.require_codes(
        countries=described.countries,
        pillars=described.pillars,
        sdgs=described.sdgs,
        wsis_lines=described.wsis_lines,
    )
    statements.require_pillars_of(described.focus_area, described.pillars)


def _require_targets_met(pledge: Pledge) -> None:
    if missing := _unmet(pledge):
        raise refusals.TargetsNotMet(missing)


def _unmet(pledge: Pledge) -> dict[str, str]:
    gaps = ((target, pledge.missing(target)) for target in pledge.targets)
    return {target.id: f"{gap:,f} {target.unit} missing" for target, gap in gaps if gap}


def _after(pledge: Pledge, facts: Iterable[PledgeEvent]) -> Pledge:
    after = fold(pledge, facts)
    assert after is not None, "an announced pledge stays one"
    return after


def _since_announcement(pledge: Pledge, given: date | None, at: Circumstances) -> date:
    return statements.require_since_announcement(given or at.today, pledge, at, "effective_on")


def _later_end(pledge: Pledge, given: date | None) -> date | None:
    if given is None:
        return None
    statements.require_order(pledge.starts_on or pledge.announced_on, given, "ends_on")
    if pledge.ends_on is not None and given <= pledge.ends_on:
        raise refusals.NothingRises(f"the pledge ends on {pledge.ends_on} already", field="ends_on")
    return given


def _changes(
    pledge: Pledge, given: tuple[TargetStatement, ...], on: date, at: Circumstances
) -> tuple[TargetChange, ...]:
    """Each stated target beside the one it changes; money keeps the target's own rate unless one is given."""
    before = [_target(pledge, statement, f"targets.{i}.id") for i, statement in enumerate(given)]
    restated = [_at_own_rate(s, b) for s, b in zip(given, before, strict=True)]
    after = statements.targets(restated, on, at, "targets")
    for i, (old, new) in enumerate(zip(before, after, strict=True)):
        if (old.measure, old.unit) != (new.measure, new.unit):
            raise refusals.MeasureMismatch(old.id, old.unit, field=f"targets.{i}.value")
    return tuple(TargetChange(before=old, after=new) for old, new in zip(before, after, strict=True))


def _target(pledge: Pledge, given: TargetStatement, field: str) -> Target:
    target = pledge.target(given.id)
    if target is None:
        raise refusals.UnknownTarget(given.id, [t.id for t in pledge.targets], field=field)
    return target


def _at_own_rate(given: TargetStatement, before: Target) -> TargetStatement:
    """What an unchanged part of a target leaves unsaid: its rate, its baseline, its due date."""
    value = given.value
    match value, before.value:
        case StatedMoney(usd_rate=None), Money() as money if value.currency == money.currency:
            value = replace(value, usd_rate=money.usd_rate)
    return replace(given, value=value, baseline=given.baseline or before.baseline, due_on=given.due_on or before.due_on)


def _changed_fields(pledge: Pledge, changes: Description) -> Description:
    different = {
        f.name: None if getattr(changes, f.name) == getattr(pledge, f.name) else getattr(changes, f.name)
        for f in fields(changes)
    }
    return Description(**different)


def _once(items: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))
