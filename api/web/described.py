"""The descriptive fields of a pledge in words: what each is called, and what it says."""

from __future__ import annotations

from typing import Any

from api.languages.quantities import isolated, listed
from api.languages.texts import Texts
from domain.dimensions import Dimension

LONG_TEXTS = frozenset({"description"})
"""The fields that are told apart from a sentence, for they may have many of their own."""

_LISTS = {
    "type": "pledge_type",
    "focus_area": "focus_area",
    "pillars": "pillar",
    "beneficiary_groups": "beneficiary_group",
    "sdgs": "sdg",
    "wsis_lines": "wsis_line",
    "additionality": "additionality",
}


def field_label(name: str, texts: Texts) -> str:
    """What a field is called."""
    say = texts.say
    return {
        "title": say("Title"),
        "description": say("Description"),
        "type": say("Type of pledge"),
        "focus_area": say("Focus area"),
        "pillars": say("Pillars"),
        "countries": say("Countries"),
        "beneficiary_groups": say("Beneficiary groups"),
        "sdgs": say("Sustainable Development Goals"),
        "wsis_lines": say("WSIS action lines"),
        "starts_on": say("Start"),
        "ends_on": say("End"),
        "occasion": say("Occasion"),
        "additionality": say("Additionality"),
    }[name]


def field_value(name: str, value: Any, texts: Texts) -> str:
    """What a field says, its codes with their labels; what somebody wrote is isolated."""
    if value is None or value == ():
        return texts.say("nothing")
    if name == "countries":
        return listed(texts, [texts.key(Dimension.COUNTRY, code) for code in value])
    if name in {"starts_on", "ends_on"}:
        return texts.day(value)
    if name in _LISTS:
        codes = value if isinstance(value, tuple) else (value,)
        return listed(texts, [texts.label(_LISTS[name], str(code)) for code in codes])
    return isolated(str(value))
