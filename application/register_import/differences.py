"""What a paired line says differently from the register: as commands, or as findings for a person to decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from application.register_import.notation import folded
from application.register_import.pairing import Pair, firmness_of
from application.register_import.promises import Firmness, Promise, PromisedTarget
from domain.commands import (
    Contribute,
    ContributionStatement,
    Decline,
    PledgeCommand,
    ScaleDown,
    ScaleUp,
    TargetStatement,
    Validate,
)
from domain.pledge import Pledge
from domain.values import MONEY, Money, StatedMoney, Target
from domain.vocabulary import Lifecycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A difference that the import does not record, because only a person can say what it means."""

    line: int | None
    reference: str | None
    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Which register was exported, and when."""

    register: str
    on: date

    def __str__(self) -> str:
        return f"the export of {self.on} of {self.register}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is to be asked of the paired pledge, and what is left to a person."""

    commands: tuple[PledgeCommand, ...] = ()
    findings: tuple[Finding, ...] = ()


Named = tuple[PromisedTarget, str]
"""A stated target with the id it has in its pledge."""


def named_targets(targets: Iterable[PromisedTarget], taken: Collection[str] = ()) -> tuple[Named, ...]:
    """The targets that state an amount, each with its own id or the next free one of t1, t2 …"""
    stated = [target for target in targets if target.stated]
    used = {*taken, *(target.id for target in stated if target.id)}
    free = (id for n in range(1, len(used) + len(stated) + 2) if (id := f"t{n}") not in used)
    return tuple((target, target.id or next(free)) for target in stated)


def target_statement(named: Named) -> TargetStatement:
    """The target as a command states it."""
    target, id = named
    assert target.amount is not None, "only stated targets are recorded"
    return TargetStatement(id=id, measure=MONEY, value=_money(target, target.amount), due_on=target.due_on)


def firmness_commands(promise: Promise, export: Export) -> tuple[PledgeCommand, ...]:
    """What makes a new pledge as firm as its line."""
    on = max(export.on, promise.announce.announced_on or export.on)
    match promise.firmness:
        case Firmness.ANNOUNCED:
            return ()
        case Firmness.VALIDATED:
            return (Validate(effective_on=on),)
        case Firmness.DECLINED:
            return (Decline(reason=f"Declined in {export}.", effective_on=on),)


def payment_commands(
    targets: Iterable[tuple[PromisedTarget, str, Decimal]], export: Export
) -> tuple[PledgeCommand, ...]:
    """What the lines say was paid beyond what each target, given with its id, has been credited with."""
    contributions = tuple(
        ContributionStatement(
            target=id,
            amount=_money(target, target.payment.amount - delivered),
            effective_on=target.payment.on,
            description=f"Paid according to {export}.",
        )
        for target, id, delivered in targets
        if target.payment and target.payment.amount > delivered
    )
    return (Contribute(contributions=contributions),) if contributions else ()


def compare(pair: Pair, lead_name: str, export: Export) -> Difference:
    """What the line says differently from the pledge."""
    promise, pledge = pair.promise, pair.pledge
    firmness, less_firm = _firmness(pair, export)
    matched, added, lost = _matched(promise, pledge)
    # An amount in another currency takes the place of none: what it means is for a person to say.
    new = () if lost else named_targets(added, [target.id for target in pledge.targets])
    unclear = tuple(_finding(pair, "no_longer_stated", _no_longer(known, added)) for known in lost)
    paid, overpaid = _paid(pair, matched, new, export)
    difference = Difference(
        commands=(*firmness, *_amounts(pledge, matched, new, export), *paid),
        findings=(*less_firm, *unclear, *overpaid, *_words(pair, lead_name)),
    )
    closed = pledge.lifecycle in {Lifecycle.FULFILLED, Lifecycle.DECLINED}
    if closed and difference.commands:
        what = f"the register has it {pledge.lifecycle}; what the file says now is not recorded"
        return replace(difference, commands=(), findings=(*difference.findings, _finding(pair, "closed", what)))
    return difference


def _firmness(pair: Pair, export: Export) -> tuple[tuple[PledgeCommand, ...], tuple[Finding, ...]]:
    has, says = firmness_of(pair.pledge), pair.promise.firmness
    on = max(export.on, pair.pledge.announced_on)
    match has, says:
        case (Firmness.ANNOUNCED, Firmness.VALIDATED):
            return (Validate(effective_on=on),), ()
        case (Firmness.ANNOUNCED, Firmness.DECLINED):
            return (Decline(reason=f"Declined in {export}.", effective_on=on),), ()
        case _ if has != says:
            what = f"the register has it {has}, the file says {says}; an admission is not taken back by an import"
            return (), (_finding(pair, "less_firm", what),)
        case _:
            return (), ()


def _matched(
    promise: Promise, pledge: Pledge
) -> tuple[list[tuple[PromisedTarget, Target]], list[PromisedTarget], list[Target]]:
    """The stated targets beside the pledge's: by id, then by equal amount, then in order within a currency."""
    asking = [target for target in promise.targets if target.stated]
    waiting = [target for target in pledge.targets if isinstance(target.value, Money)]
    matched: list[tuple[PromisedTarget, Target]] = []
    for same in (_same_id, _same_amount, _same_currency):
        for target in list(asking):
            found = next((known for known in waiting if same(target, known)), None)
            if found is not None:
                matched.append((target, found))
                asking.remove(target)
                waiting.remove(found)
    return matched, asking, waiting


def _same_id(target: PromisedTarget, known: Target) -> bool:
    return target.id == known.id and target.currency == known.unit


def _same_amount(target: PromisedTarget, known: Target) -> bool:
    return (target.amount, target.currency) == (known.promised, known.unit)


def _same_currency(target: PromisedTarget, known: Target) -> bool:
    return target.id is None and target.currency == known.unit


def _amounts(
    pledge: Pledge, matched: list[tuple[PromisedTarget, Target]], new: tuple[Named, ...], export: Export
) -> Iterable[PledgeCommand]:
    rises = [(t, known.id) for t, known in matched if t.amount is not None and t.amount > known.promised]
    falls = [(t, known.id) for t, known in matched if t.amount is not None and t.amount < known.promised]
    on = max(export.on, pledge.announced_on)
    if rises or new:
        yield ScaleUp(
            targets=tuple(map(target_statement, rises)), new_targets=tuple(map(target_statement, new)), effective_on=on
        )
    if falls:
        yield ScaleDown(targets=tuple(map(target_statement, falls)), reason=f"Lower in {export}.", effective_on=on)


def _no_longer(known: Target, added: list[PromisedTarget]) -> str:
    if added:
        instead = ", ".join(f"{target.amount:,f} {target.currency}" for target in added)
        return f"the register has {known.value}, the file states {instead} instead; the currency of a target stays"
    return f"the register has {known.value}, the file states no amount any more; a target cannot fall to nothing"


def _paid(
    pair: Pair, matched: list[tuple[PromisedTarget, Target]], new: tuple[Named, ...], export: Export
) -> tuple[tuple[PledgeCommand, ...], tuple[Finding, ...]]:
    delivered = [(target, known.id, pair.pledge.delivered(known)) for target, known in matched]
    findings = tuple(
        _finding(
            pair, "paid_less", f"the register has {has:,f} delivered, the file says that {t.payment.amount:,f} was paid"
        )
        for t, _, has in delivered
        if t.payment and t.payment.amount < has
    )
    return payment_commands([*delivered, *((t, id, Decimal(0)) for t, id in new)], export), findings


def _words(pair: Pair, lead_name: str) -> Iterable[Finding]:
    """Descriptions are BDT's to amend: a difference is told, not recorded."""
    promise, pledge = pair.promise, pair.pledge
    differs = {
        "title": folded(promise.announce.title) != folded(pledge.title),
        "description": folded(promise.announce.description) != folded(pledge.description),
        "countries": set(promise.announce.countries) != set(pledge.countries),
        f"lead organisation ({lead_name} in the register)": folded(promise.lead.name) != folded(lead_name),
    }
    different = [what for what, is_so in differs.items() if is_so]
    if different:
        yield _finding(
            pair, "other_words", f"the file has another {', '.join(different)}; amend the pledge if it is right"
        )


def _finding(pair: Pair, kind: str, message: str) -> Finding:
    return Finding(line=pair.promise.line, reference=pair.pledge.reference, kind=kind, message=message)


def _money(target: PromisedTarget, amount: Decimal) -> StatedMoney:
    return StatedMoney(amount=amount, currency=target.currency, usd_rate=target.usd_rate)
