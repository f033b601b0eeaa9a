"""Which promise of the file is which pledge of the register.

First by the exact text of the match columns; for what is left, by the same text with spaces made single and case
ignored. Inside one key, lines of the same amount and firmness belong together first, then those of the same amount
(what was pledged has become committed), then the rest in the order of the file, equal firmness first.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from application.register_import.promises import Firmness, Promise
from application.register_import.record import Key, fold, parse
from domain.pledge import Pledge
from domain.values import Money
from domain.vocabulary import Lifecycle


@dataclass(frozen=True, slots=True)
class Pair:
    """A promise and the pledge it is."""

    promise: Promise
    pledge: Pledge


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCounts:
    """How many different keys there are on either side, and how many are on both."""

    in_file: int
    in_register: int
    matched_exactly: int
    matched_folded: int
    pairs_exact: int
    pairs_folded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Every promise and every pledge in its place; all in the order of the file, or of the register."""

    pairs: tuple[Pair, ...]
    new: tuple[Promise, ...]
    gone: tuple[Pledge, ...]
    returned: frozenset[int]
    """The first lines of new promises whose key only withdrawn pledges have: they come back as new ones."""
    counts: KeyCounts


def key_of(pledge: Pledge) -> Key:
    """The key of the line a pledge was imported from."""
    return parse(pledge.source.record)[0] if pledge.source else ()


def amounts_of(pledge: Pledge) -> tuple[tuple[str, Decimal], ...]:
    """The promised money, as `Promise.amounts` gives it."""
    return tuple(sorted((t.value.currency, t.value.amount) for t in pledge.targets if isinstance(t.value, Money)))


def firmness_of(pledge: Pledge) -> Firmness:
    """How firm the pledge is in the register."""
    if pledge.declined_on:
        return Firmness.DECLINED
    return Firmness.VALIDATED if pledge.validated_on else Firmness.ANNOUNCED


def pair(promises: Iterable[Promise], pledges: Iterable[Pledge]) -> Pairing:
    """Pair the file's promises with the register's pledges; withdrawn ones are past and pair with nothing."""
    all_promises, known = tuple(promises), tuple(sorted(pledges, key=_order))
    withdrawn = {fold(key_of(p)) for p in known if p.lifecycle is Lifecycle.WITHDRAWN}
    current = [p for p in known if p.lifecycle is not Lifecycle.WITHDRAWN]
    exact, promises_left, pledges_left = _by_key(all_promises, current, lambda key: key)
    alike, new, gone = _by_key(promises_left, pledges_left, fold)
    return Pairing(
        pairs=tuple(sorted((*exact, *alike), key=lambda pair: pair.promise.line)),
        new=tuple(sorted(new, key=lambda promise: promise.line)),
        gone=tuple(sorted(gone, key=_order)),
        returned=frozenset(promise.line for promise in new if fold(promise.key) in withdrawn),
        counts=_counts(all_promises, current, len(exact), len(alike)),
    )


def _by_key(
    promises: Iterable[Promise], pledges: Iterable[Pledge], form: Callable[[Key], Key]
) -> tuple[list[Pair], list[Promise], list[Pledge]]:
    waiting: defaultdict[Key, list[Pledge]] = defaultdict(list)
    for pledge in pledges:
        waiting[form(key_of(pledge))].append(pledge)
    asking: defaultdict[Key, list[Promise]] = defaultdict(list)
    for promise in promises:
        asking[form(promise.key)].append(promise)
    pairs: list[Pair] = []
    promises_left: list[Promise] = []
    for key, group in asking.items():
        paired, left, waiting[key] = _within(group, waiting[key])
        pairs += paired
        promises_left += left
    return pairs, promises_left, [pledge for group in waiting.values() for pledge in group]


def _within(promises: list[Promise], pledges: list[Pledge]) -> tuple[list[Pair], list[Promise], list[Pledge]]:
    """Pair what has one key: each likeness in turn takes what the closer ones left."""
    pairs: list[Pair] = []
    for of_promise, of_pledge in _LIKENESSES:
        alike: defaultdict[Hashable, deque[Pledge]] = defaultdict(deque)
        for pledge in pledges:
            alike[of_pledge(pledge)].append(pledge)
        left: list[Promise] = []
        for promise in promises:
            candidates = alike[of_promise(promise)]
            if candidates:
                pairs.append(Pair(promise, candidates.popleft()))
            else:
                left.append(promise)
        taken = {pair.pledge.id for pair in pairs}
        promises, pledges = left, [pledge for pledge in pledges if pledge.id not in taken]
        if not promises or not pledges:
            break
    return pairs, promises, pledges


_LIKENESSES: tuple[tuple[Callable[[Promise], Hashable], Callable[[Pledge], Hashable]], ...] = (
    (lambda promise: (promise.amounts, promise.firmness), lambda pledge: (amounts_of(pledge), firmness_of(pledge))),
    (lambda promise: promise.amounts, amounts_of),
    (lambda promise: promise.firmness, firmness_of),
    (lambda promise: None, lambda pledge: None),
)


def _counts(promises: tuple[Promise, ...], pledges: list[Pledge], exact: int, alike: int) -> KeyCounts:
    in_file, in_register = Counter(p.key for p in promises), Counter(key_of(p) for p in pledges)
    return KeyCounts(
        in_file=len(in_file),
        in_register=len(in_register),
        matched_exactly=len(in_file.keys() & in_register.keys()),
        matched_folded=len({fold(k) for k in in_file} & {fold(k) for k in in_register}),
        pairs_exact=exact,
        pairs_folded=alike,
    )


def _order(pledge: Pledge) -> tuple[object, ...]:
    line = pledge.source.line if pledge.source else 0
    return pledge.announced_on, line, pledge.reference
