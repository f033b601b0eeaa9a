"""The file's money beside the register's, and why they differ from before; exact, by currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal

from application.register_import.pairing import Pairing, amounts_of, firmness_of
from application.register_import.plan import Cause, Movement, Total
from application.register_import.promises import Firmness, Promise
from domain.pledge import Pledge

Amounts = dict[str, Decimal]


def file_amounts(promise: Promise) -> Amounts:
    """What the file's lines say, by currency: as it stands there, negative amounts too."""
    return _summed((t.currency, t.amount) for t in promise.targets if t.amount is not None)


def totals(good: Iterable[tuple[Promise, Pledge]]) -> tuple[Total, ...]:
    """By currency and firmness: what the good lines sum to, and what the register then holds for them."""
    lines: defaultdict[tuple[str, Firmness], int] = defaultdict(int)
    file: defaultdict[tuple[str, Firmness], Decimal] = defaultdict(Decimal)
    register: defaultdict[tuple[str, Firmness], Decimal] = defaultdict(Decimal)
    for promise, pledge in good:
        for target in promise.targets:
            lines[target.currency, promise.firmness] += 1
        for currency, amount in file_amounts(promise).items():
            file[currency, promise.firmness] += amount
        for currency, amount in amounts_of(pledge):
            register[currency, firmness_of(pledge)] += amount
    return tuple(
        Total(currency=c, firmness=f, lines=lines[c, f], file=file[c, f], register=register[c, f])
        for c, f in sorted({*lines, *file, *register})
    )


def movements(pairing: Pairing, is_good: Callable[[Promise], bool]) -> tuple[Movement, ...]:
    """From what the register held before to what the good lines of the file say, by currency and cause."""
    causes: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(list)
    before: defaultdict[str, Decimal] = defaultdict(Decimal)
    file: defaultdict[str, Decimal] = defaultdict(Decimal)
    for cause, known, said in _compared(pairing, is_good):
        for currency in {*known, *said}:
            was, now = known.get(currency, Decimal(0)), said.get(currency, Decimal(0))
            before[currency] += was
            file[currency] += now
            if was != now:
                causes[currency, cause or _cause(was, now)].append(now - was)
    return tuple(
        Movement(
            currency=currency,
            before=before[currency],
            file=file[currency],
            causes=tuple(
                Cause(cause=cause, currency=c, pledges=len(amounts), amount=sum(amounts, Decimal(0)))
                for (c, cause), amounts in sorted(causes.items())
                if c == currency
            ),
        )
        for currency in sorted(before)
    )


def _compared(pairing: Pairing, is_good: Callable[[Promise], bool]) -> Iterable[tuple[str | None, Amounts, Amounts]]:
    for pair in pairing.pairs:
        if is_good(pair.promise):
            yield None, _summed(amounts_of(pair.pledge)), file_amounts(pair.promise)
        else:
            yield "bad_line", _summed(amounts_of(pair.pledge)), {}
    for promise in pairing.new:
        if is_good(promise):
            yield ("returned" if promise.line in pairing.returned else "new"), {}, file_amounts(promise)
    for pledge in pairing.gone:
        yield "gone", _summed(amounts_of(pledge)), {}


def _cause(was: Decimal, now: Decimal) -> str:
    if not was:
        return "stated_now"
    if not now:
        return "no_longer_stated"
    return "higher" if now > was else "lower"


def _summed(amounts: Iterable[tuple[str, Decimal]]) -> Amounts:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in amounts:
        sums[currency] += amount
    return dict(sums)
