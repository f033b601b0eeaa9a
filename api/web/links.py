"""Addresses of pages: what a visitor chose, the language and the moment, goes along to every other page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

CARRIED = ("lang", "as_of", "effective_on")
"""The parameters that go along: a link to a page is a link to it in this language, as of this moment."""

OF_ONE_LIST = ("cursor", "after", "page")
"""The parameters that mean nothing any more once another is changed."""

Value = object | Iterable[object] | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a visitor is: the path, and the parameters that say something, in order."""

    path: str
    parameters: tuple[tuple[str, str], ...] = ()

    def link(self, path: str, **parameters: Value) -> str:
        """The address of another page; None takes a parameter away."""
        carried = {name: self.values(name) for name in CARRIED}
        return _address(path, {**carried, **parameters})

    def here(self, **changes: Value) -> str:
        """The address of this page with parameters changed; None takes one away."""
        kept: dict[str, Value] = {name: self.values(name) for name, _ in self.parameters if name not in OF_ONE_LIST}
        return _address(self.path, {**kept, **changes})

    def here_at(self, path: str, **changes: Value) -> str:
        """The address of something else about the same: its data, say, with all that is said here but the language."""
        kept: dict[str, Value] = {
            name: self.values(name) for name, _ in self.parameters if name not in (*OF_ONE_LIST, "lang")
        }
        return _address(path, {**kept, **changes})

    def values(self, name: str) -> list[str]:
        """The values of a parameter."""
        return [value for key, value in self.parameters if key == name]

    def carried(self, *names: str) -> list[tuple[str, str]]:
        """The parameters with these names, for the hidden fields of a form."""
        return [(name, value) for name, value in self.parameters if name in names]

    def without(self, *names: str) -> list[tuple[str, str]]:
        """All parameters but those with these names, for the hidden fields of a form."""
        return [(name, value) for name, value in self.parameters if name not in (*names, *OF_ONE_LIST)]


def _address(path: str, parameters: Mapping[str, Value]) -> str:
    pairs = [(name, str(value)) for name, given in parameters.items() for value in _values(given)]
    return f"{quote(path, safe='/:.~-_')}{'?' if pairs else ''}{urlencode(pairs)}"


def _values(given: Value) -> list[object]:
    if given is None or given == "":
        return []
    return list(given) if isinstance(given, list | tuple | set | frozenset) else [given]
