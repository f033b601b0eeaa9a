"""What can be chosen from, in the visitor's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from api.languages.texts import Texts, message
from api.web.recording.subject import Subject
from api.web.webhook_words import KINDS_OF_EVENT
from domain import vocabulary
from domain.currencies import currencies
from domain.geography import countries
from domain.vocabulary import FocusArea

TAKE_BACK, REPLACE = "take_back", "replace"
"""What a correction does."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose: what is stated, and what it is called."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Group:
    """Options that belong together; without a label, those of a list that has no groups."""

    label: str
    options: Sequence[Option]


Groups = Sequence[Group]


def options(name: str, texts: Texts, subject: Subject) -> Groups:
    """What a list offers. Raises KeyError for one that there is not."""
    return _LISTS[name](texts, subject)


def _vocabulary(list_name: str) -> Callable[[Texts, Subject], Groups]:
    def offered(texts: Texts, _: Subject) -> Groups:
        return [Group("", [Option(code, texts.label(list_name, code)) for code in vocabulary.labels(list_name)])]

    return offered


def _numbered(list_name: str) -> Callable[[Texts, Subject], Groups]:
    """Codes that people know by their number as well as by their title."""

    def offered(texts: Texts, _: Subject) -> Groups:
        codes = vocabulary.labels(list_name)
        return [Group("", [Option(code, f"{code}. {texts.label(list_name, code)}") for code in codes])]

    return offered


def _pillars(texts: Texts, _: Subject) -> Groups:
    of_area: dict[FocusArea, list[Option]] = {}
    for code, pillar in vocabulary.pillars().items():
        of_area.setdefault(pillar.focus_area, []).append(Option(code, texts.label("pillar", code)))
    return [Group(texts.label("focus_area", area), offered) for area, offered in of_area.items()]


def _countries_by_region(texts: Texts, subject: Subject) -> Groups:
    """All countries by ITU region; for a scaling up, those that the pledge does not have yet."""
    of_region: dict[str, list[Option]] = {}
    for code, country in countries().items():
        of_region.setdefault(country.region or "", []).append(Option(code, country.names[texts.language]))
    return [
        Group(texts.label("region", region) if region else texts.say("Other territories"), _by_label(of_region[region]))
        for region in sorted(of_region, key=lambda region: (not region, region))
    ]


def _further_countries(texts: Texts, subject: Subject) -> Groups:
    there = set(subject.seen.countries) if subject.seen else set()
    groups = _countries_by_region(texts, subject)
    return [Group(group.label, [o for o in group.options if o.value not in there]) for group in groups]


def _countries_of_the_pledge_first(texts: Texts, subject: Subject) -> Groups:
    named = {code: Option(code, country.names[texts.language]) for code, country in countries().items()}
    own = [named[code] for code in (subject.seen.countries if subject.seen else ()) if code in named]
    others = [option for option in named.values() if option not in own]
    every = Group(texts.say("Other countries") if own else "", _by_label(others))
    return [Group(texts.say("Countries of the pledge"), _by_label(own)), every] if own else [every]


def _currencies(texts: Texts, subject: Subject) -> Groups:
    return [Group("", _current_currencies(texts, subject.today))]


def _current_currencies(texts: Texts, on: date) -> Sequence[Option]:
    names: Mapping[str, str] = texts.locale.currencies
    return [
        Option(code, f"{code} \u2013 {names.get(code, currency.name)}")
        for code, currency in currencies().items()
        if currency.current(on)
    ]


def _targets(texts: Texts, subject: Subject) -> Groups:
    return [
        Group(
            "",
            [
                Option(target.id, f"{texts.label('measure', target.measure)} ({target.id})")
                for target in subject.targets
                if target.measure in vocabulary.measures()
            ],
        )
    ]


_WAYS_TO_CORRECT = (
    (REPLACE, message("Replace its figures by those below")),
    (TAKE_BACK, message("Take it back: it did not happen, or does not belong here")),
)


def _ways_to_correct(texts: Texts, _: Subject) -> Groups:
    return [Group("", [Option(way, texts.say(said)) for way, said in _WAYS_TO_CORRECT])]


def _kinds_of_event(texts: Texts, _: Subject) -> Groups:
    return [
        Group(texts.say(label), [Option(type, texts.say(said)) for type, said in of_them.items()])
        for label, of_them in KINDS_OF_EVENT.items()
    ]


def _by_label(offered: Iterable[Option]) -> Sequence[Option]:
    return sorted(offered, key=lambda option: option.label.casefold())


_LISTS: Mapping[str, Callable[[Texts, Subject], Groups]] = {
    "type": _vocabulary("pledge_type"),
    "focus_area": _vocabulary("focus_area"),
    "pillar": _pillars,
    "measure": _vocabulary("measure"),
    "beneficiary_group": _vocabulary("beneficiary_group"),
    "sdg": _numbered("sdg"),
    "wsis_line": _numbered("wsis_line"),
    "additionality": _vocabulary("additionality"),
    "self_assessment": _vocabulary("self_assessment"),
    "country": _countries_by_region,
    "further_country": _further_countries,
    "country_of_delivery": _countries_of_the_pledge_first,
    "currency": _currencies,
    "target": _targets,
    "correction": _ways_to_correct,
    "event_type": _kinds_of_event,
}
