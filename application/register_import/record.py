"""How a line is recognised in another export: the exact text of its match columns, and which of their lines it is.

The record of a pledge's source is a JSON list of those texts: readable, exact, and folded again from itself when an
export spells them a little differently. Lines with equal texts are told apart by a number at the end, from the
second on; it is the order in which the register came to know them, and never given twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from application.register_import.notation import folded

Key = tuple[str, ...]


def record(key: Key, number: int = 1) -> str:
    """The record of the `number`-th line with this key."""
    parts: list[str | int] = [*key, *([number] if number > 1 else [])]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def parse(text: str) -> tuple[Key, int]:
    """Key and number of a record; a record of another form is a key of its own, which no line has."""
    try:
        parts = json.loads(text)
    except ValueError:
        return ("", text), 1
    match parts:
        case [*texts, int(number)] if _all_text(texts):
            return tuple(texts), number
        case [*texts] if _all_text(texts):
            return tuple(texts), 1
        case _:
            return ("", text), 1


def fold(key: Key) -> Key:
    """The key with spaces made single and case ignored."""
    return tuple(folded(part) for part in key)


def _all_text(parts: Iterable[object]) -> bool:
    return all(isinstance(part, str) for part in parts)
