"""The filters of the list of pledges as people meet them: what each is called, its values, and what is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.http.representations import Names
from api.languages.texts import Texts
from domain import vocabulary
from domain.dimensions import Dimension
from projections.pledge_status.facets import Facet

OPEN_AT_FIRST = frozenset({Facet.LIFECYCLE, Facet.TYPE, Facet.FOCUS_AREA})
"""The facets whose values are shown before anybody asks for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value of a facet, and how many pledges there are with it beside the other filters."""

    value: str
    label: str
    pledges: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetShown:
    """A facet with the values that some pledge has, and those that are chosen."""

    name: str
    label: str
    choices: Sequence[Choice]

    @property
    def chosen(self) -> int:
        """How many of its values are chosen."""
        return sum(choice.chosen for choice in self.choices)

    @property
    def opened(self) -> bool:
        """Whether its values are shown at once."""
        return bool(self.chosen) or self.name in OPEN_AT_FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that is chosen: its name and value in an address and in words, and what is left without it.

    `own` says that the words of the value are somebody's own.
    """

    name: str
    label: str
    value: str
    left: tuple[str, ...]
    own: bool


def facets_shown(
    counts: Mapping[Facet, Mapping[str, int]], chosen: Mapping[str, Sequence[Any]], texts: Texts
) -> Iterator[FacetShown]:
    """Every facet that has values, each in the order of the vocabulary, countries by name, years from the latest."""
    for facet in Facet:
        wanted = _texts(chosen.get(facet, ()))
        found = dict(counts[facet]) | {value: counts[facet].get(value, 0) for value in wanted}
        if found:
            choices = [
                Choice(value=value, label=label, pledges=found[value], chosen=value in wanted)
                for value, label in _in_order(facet, found, texts)
            ]
            yield FacetShown(name=facet.value, label=filter_label(facet, texts), choices=choices)


def chips(chosen: Mapping[str, Sequence[Any]], names: Names, texts: Texts) -> Iterator[Chip]:
    """Every value of every filter that is chosen."""
    called = {str(id): name for id, name in names.items()}
    for name, values in chosen.items():
        given = _texts(values)
        for value in given:
            own = name in {"q", "register", "lead", "organisation"}
            words = called.get(value, value) if own else value_label(name, value, texts)
            left = tuple(other for other in given if other != value)
            yield Chip(name=name, label=filter_label(name, texts), value=words, left=left, own=own)


def filter_label(name: str, texts: Texts) -> str:
    """What a filter is called."""
    say = texts.say
    return {
        "q": say("Words"),
        "lifecycle": say("Where it stands"),
        "type": say("Type of pledge"),
        "focus_area": say("Focus area"),
        "pillar": say("Pillar"),
        "sector": say("Sector of the lead organisation"),
        "region": say("Region of implementation"),
        "pledger_region": say("Region of the lead organisation"),
        "country": say("Country of implementation"),
        "target_group": say("Country group"),
        "beneficiary_group": say("Beneficiary group"),
        "sdg": say("Sustainable Development Goal"),
        "wsis_line": say("WSIS action line"),
        "reporting": say("Reporting"),
        "scaled_up": say("Scaling up"),
        "year": say("Year of the announcement"),
        "lead": say("Lead organisation"),
        "organisation": say("Organisation"),
        "register": say("Imported from"),
    }[name]


def value_label(name: str, value: str, texts: Texts) -> str:
    """What a value of a filter is called."""
    if name == Facet.SCALED_UP:
        return texts.say("Scaled up") if value == "true" else texts.say("Not scaled up")
    if name == Facet.SDG:
        return f"{value} · {texts.key(Dimension.SDG, value)}"
    return texts.key(Dimension(name), value)


def _in_order(facet: Facet, found: Iterable[str], texts: Texts) -> list[tuple[str, str]]:
    labelled = [(value, value_label(facet, value, texts)) for value in found]
    match facet:
        case Facet.COUNTRY:
            return sorted(labelled, key=lambda pair: pair[1].casefold())
        case Facet.YEAR | Facet.SCALED_UP:
            return sorted(labelled, reverse=True)
        case _:
            places = {code: place for place, code in enumerate(_codes(facet))}
            return sorted(labelled, key=lambda pair: places[pair[0]])


def _codes(facet: Facet) -> Iterable[str]:
    named = {Facet.TYPE: "pledge_type", Facet.TARGET_GROUP: "country_group", Facet.REPORTING: "reporting_health"}
    return vocabulary.labels(named.get(facet, facet.value))


def _texts(values: Iterable[Any]) -> list[str]:
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
