"""Filters as forms offer them: a list of values, any of which will do, and which of them are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.languages.texts import Texts


@dataclass(frozen=True, slots=True)
class Choice:
    """A value, what it is called, and whether it is chosen."""

    value: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """The values of the parameter `name`."""

    name: str
    of: Sequence[Choice]

    @property
    def chosen(self) -> int:
        """How many of them are chosen."""
        return sum(choice.chosen for choice in self.of)


def choices(texts: Texts, name: str, label_list: str, codes: Iterable[str], chosen: Iterable[object] = ()) -> Choices:
    """The codes of a list of the vocabulary by their labels, those chosen marked."""
    wanted = {str(code) for code in chosen}
    return Choices(name, [Choice(code, texts.label(label_list, code), code in wanted) for code in codes])
