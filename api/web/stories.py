"""What a fact did, in words anyone understands, in the visitor's language.

The register's own English sentence for programs and auditors is `audit.narrative`'s; these words are for people. What
somebody wrote themselves stands apart from our words, for nobody translates it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never, cast

from api.languages.quantities import counted, in_currency, isolated, listed, quantity
from api.languages.texts import Texts
from api.web.described import LONG_TEXTS, field_label, field_value
from audit.envelope import Entry
from domain.dimensions import Dimension
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
    PledgeEvent,
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
from domain.pledge import Pledge, evolve, stated
from domain.values import Contribution, Money, Target


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote, under a label of ours."""

    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a fact did: a sentence without its full stop, further ones, and what was written with it."""

    title: str
    details: tuple[str, ...] = ()
    words: tuple[Words, ...] = ()


def story(event: AnyEvent, before: Pledge | None, texts: Texts) -> Story:
    """What the fact did; `before` is the pledge it happened to, None for a fact about anything else."""
    say = texts.say
    match event:
        case Announced():
            return _announced(event, texts)
        case Validated(note=note):
            return Story(title=say("Admitted to the public register by BDT"), words=_words(say("Note"), note))
        case Declined(reason=reason):
            return Story(title=say("Not admitted to the public register by BDT"), words=_words(say("Reason"), reason))
        case ScaledUp():
            return _scaled_up(event, texts)
        case ScaledDown(targets=changes, reason=reason):
            return Story(title=_scaled_down(changes, texts), words=_words(say("Reason"), reason))
        case PartiallyFulfilled():
            return _delivered(event, before, texts)
        case Reported():
            return _reported(event, texts)
        case Fulfilled(statement=statement):
            return Story(title=say("Declared to be fulfilled"), words=_words(say("Statement"), statement))
        case ContributionVerified(contribution=id, note=note):
            title = say("BDT verified a contribution: {contribution}", contribution=_which(id, before, texts))
            return Story(title=title, words=_words(say("Note"), note))
        case ContributionQueried(contribution=id, question=question):
            title = say("BDT asked about a contribution: {contribution}", contribution=_which(id, before, texts))
            return Story(title=title, words=_words(say("Question"), question))
        case Corrected():
            return _corrected(event, before, texts)
        case Amended():
            return _amended(event, texts)
        case Withdrawn(reason=reason, superseded_by=other):
            title = say("Withdrawn; {reference} takes its place", reference=other) if other else say("Withdrawn")
            return Story(title=title, words=_words(say("Reason"), reason))
        case Registered(name=name):
            return Story(title=say("{organisation} joined the register", organisation=isolated(name)))
        case Renamed(former_name=former, name=name):
            return Story(title=say("Renamed from {before} to {after}", before=isolated(former), after=isolated(name)))
        case Deactivated(reason=reason):
            return Story(title=say("Takes on no new pledges any more"), words=_words(say("Reason"), reason))
        case Published(title=title, snapshot=of):
            told = say(
                "BDT published the register at position {n}, effective on {day}",
                n=texts.number(of.position),
                day=texts.day(of.effective_on),
            )
            return Story(title=told, words=_words(say("Title"), title))
        case _:
            assert_never(event)


def lived(entries: Iterable[Entry], before: Pledge | None = None) -> Iterator[tuple[Entry, Pledge | None]]:
    """The facts of one pledge in order, each with the pledge it happened to; `before` is the one of the first."""
    for entry in entries:
        yield entry, before
        before = evolve(before, cast("PledgeEvent", entry.event))


def _announced(event: Announced, texts: Texts) -> Story:
    words = _words(texts.say("Title"), event.title)
    if not event.targets:
        return Story(title=texts.say("Announced"), words=words)
    promised = listed(texts, [_promise(target, texts) for target in event.targets])
    return Story(title=texts.say("Announced, promising {promised}", promised=promised), words=words)


def _promise(target: Target, texts: Texts) -> str:
    value = quantity(texts, target.value, target.measure)
    if not target.baseline:
        return value
    return texts.say("{value} from a baseline of {baseline}", value=value, baseline=texts.number(target.baseline))


def _scaled_up(event: ScaledUp, texts: Texts) -> Story:
    say = texts.say
    changes = [_change(change, texts) for change in event.targets]
    changes += [say("a new target of {promised}", promised=_promise(target, texts)) for target in event.new_targets]
    if event.new_countries:
        changes.append(say("also in {countries}", countries=field_value("countries", event.new_countries, texts)))
    if event.ends_on and event.ends_on_before:
        after, before = texts.day(event.ends_on), texts.day(event.ends_on_before)
        changes.append(say("until {after} instead of {before}", after=after, before=before))
    elif event.ends_on:
        changes.append(say("until {day}", day=texts.day(event.ends_on)))
    if len(changes) == len(event.targets) == 1:
        before, after = _before_and_after(event.targets[0], texts)
        return Story(title=say("Scaled up from {before} to {after}", before=before, after=after))
    return Story(title=say("Scaled up: {changes}", changes=listed(texts, changes)))


def _scaled_down(changes: tuple[TargetChange, ...], texts: Texts) -> str:
    if len(changes) == 1:
        before, after = _before_and_after(changes[0], texts)
        return texts.say("Scaled down from {before} to {after}", before=before, after=after)
    return texts.say("Scaled down: {changes}", changes=listed(texts, [_change(change, texts) for change in changes]))


def _change(change: TargetChange, texts: Texts) -> str:
    before, after = _before_and_after(change, texts)
    return texts.say("from {before} to {after}", before=before, after=after)


def _before_and_after(change: TargetChange, texts: Texts) -> tuple[str, str]:
    """`120` and `200 schools`: what is counted, or the dollars beside it, is said once."""
    was = change.before.value
    before = in_currency(texts, was.amount, was.currency) if isinstance(was, Money) else texts.number(was)
    return before, quantity(texts, change.after.value, change.after.measure)


def _delivered(event: PartiallyFulfilled, before: Pledge | None, texts: Texts) -> Story:
    say, given, day = texts.say, event.contributions, texts.day(event.effective_on)
    details = [
        say("It takes the place of the contribution {id}", id=isolated(one.replaces)) for one in given if one.replaces
    ]
    if evidence := sum(len(one.evidence) for one in given):
        details.append(
            texts.count("{n} document is given as evidence", "{n} documents are given as evidence", evidence)
        )
    words = [word for one in given for word in _words(say("Description"), one.description)]
    return Story(title=_what_on(given, before, day, texts), details=tuple(details), words=tuple(words))


def _what_on(given: tuple[Contribution, ...], before: Pledge | None, day: str, texts: Texts) -> str:
    if len(given) == 1 and (code := given[0].country):
        amount, country = _amount(given[0], before, texts), texts.key(Dimension.COUNTRY, code)
        return texts.say("Delivered {amount} in {country} on {day}", amount=amount, country=country, day=day)
    amounts = listed(texts, [_where(one, before, texts) for one in given])
    return texts.say("Delivered {amount} on {day}", amount=amounts, day=day)


def _where(given: Contribution, before: Pledge | None, texts: Texts) -> str:
    amount = _amount(given, before, texts)
    if given.country is None:
        return amount
    return texts.say("{amount} in {country}", amount=amount, country=texts.key(Dimension.COUNTRY, given.country))


def _amount(given: Contribution, before: Pledge | None, texts: Texts) -> str:
    target = before.target(given.target) if before else None
    if isinstance(given.amount, Money):
        return quantity(texts, given.amount, given.target)
    return counted(texts, given.amount, target.measure if target else given.target)


def _reported(event: Reported, texts: Texts) -> Story:
    title = texts.say(
        "Reported on the time from {start} to {end}; own assessment: {assessment}",
        start=texts.day(event.period_start),
        end=texts.day(event.period_end),
        assessment=texts.label("self_assessment", event.self_assessment),
    )
    told = len(event.good_practices)
    practices = (texts.count("With {n} good practice", "With {n} good practices", told),) if told else ()
    return Story(title=title, details=practices)


def _which(id: str, before: Pledge | None, texts: Texts) -> str:
    """What a contribution was, where the pledge knows it; else its id."""
    known = before.contributions.get(id) if before else None
    if known is None:
        return isolated(id)
    given = known.contribution
    amount, day = _where(given, before, texts), texts.day(given.effective_on)
    return texts.say("{amount} on {day}", amount=amount, day=day)


def _corrected(event: Corrected, before: Pledge | None, texts: Texts) -> Story:
    was, say = _which(event.contribution, before, texts), texts.say
    if event.replacement:
        now = _where(event.replacement, before, texts)
        title = say("Put a contribution right: {after} instead of {before}", after=now, before=was)
    else:
        title = say("Took a contribution back: {contribution}", contribution=was)
    reopened = (say("The pledge is open again"),) if event.reopens else ()
    return Story(title=title, details=reopened, words=_words(say("Reason"), event.reason))


def _amended(event: Amended, texts: Texts) -> Story:
    say, before, after = texts.say, stated(event.before), stated(event.after)
    details = [
        say(
            "{field}: {after} instead of {before}",
            field=field_label(name, texts),
            after=field_value(name, value, texts),
            before=field_value(name, before.get(name), texts),
        )
        for name, value in after.items()
        if name not in LONG_TEXTS
    ]
    words = [*_words(say("Reason"), event.reason)]
    for name in LONG_TEXTS & after.keys():
        words += [*_words(say("Before"), before.get(name)), *_words(say("Now"), after[name])]
    fields = listed(texts, [field_label(name, texts) for name in after])
    return Story(title=say("Put right: {fields}", fields=fields), details=tuple(details), words=tuple(words))


def _words(label: str, text: str | None) -> tuple[Words, ...]:
    return (Words(label, text),) if text else ()
