"""Which text can be kept for ever.

A ledger entry is read back by other programs in a hundred years: control characters, unpaired surrogates and
blank necessities are refused when they are said, not discovered when they are read. So are the characters that let a
screen show other words than are stored (`docs/decisions/texts-that-show-what-they-say.md`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from domain.refusals import UnacceptableText

LONGEST = 20_000
"""The most characters a text may have; a ledger entry as a whole has at most 65,535 bytes."""

_SHORTER = {
    "title": 300,
    "name": 300,
    "id": 64,
    "target": 64,
    "url": 2_000,
    "website": 2_000,
    "reference": 40,
    "occasion": 300,
    "source": 300,
    "note": 2_000,
}
_WEB_ADDRESS = (re.compile(r"https?://\S+"), "is not an http or https address")
_ID = (re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"), "is not an id: letters, digits, '.', '_' and '-', at most 64")
_FORMS = {
    "id": _ID,
    "target": _ID,
    "sha256": (re.compile(r"[0-9a-f]{64}"), "is not 64 lower-case hexadecimal digits"),
    "url": _WEB_ADDRESS,
    "website": _WEB_ADDRESS,
}
_MAY_BE_BLANK = frozenset({"record"})
_KEPT_CONTROLS = frozenset("\n\t\r")
_LINE_BREAKS = re.compile("[\n\t\r\u2028\u2029]+")
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Unicode's explicit directional formatting: what lies between two of these is shown in another order."""


def composed(text: str) -> str:
    """The text in Unicode's composed form (NFC), so that what looks the same is the same."""
    return unicodedata.normalize("NFC", text)


def longest(name: str) -> int:
    """How many characters a text may have that is kept as the field `name`."""
    return _SHORTER.get(name, LONGEST)


def form(name: str) -> str | None:
    """The regular expression of texts that are kept as the field `name`; None where any words will do."""
    return _FORMS[name][0].pattern if name in _FORMS else None


def one_line(text: str) -> str:
    """The text on one line, with whatever a screen would obey spelled out: for terminals and the subjects of mails."""
    if text.isprintable():
        return text
    return "".join(c if _is_shown(c) else f"\\u{ord(c):04x}" for c in _LINE_BREAKS.sub(" ", text))


def require_text(command: object) -> None:
    """Refuse a command with a text in it that cannot be kept; the refusal names the field."""
    for path, text in _texts(command, ""):
        reason = fault(path.rpartition(".")[2], text)
        if reason:
            raise UnacceptableText(path, reason)


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _texts(item, f"{path}.{i}")
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))


def fault(name: str, text: str) -> str | None:
    """Why the text cannot be kept as the field `name`, as the end of a sentence; None where it can."""
    if not text.strip() and name not in _MAY_BE_BLANK:
        return "is blank"
    if len(text) > (most := longest(name)):
        return f"has {len(text)} characters, more than {most}"
    if name in _FORMS and not _FORMS[name][0].fullmatch(text):
        return _FORMS[name][1]
    return unkept(text)


def unkept(text: str) -> str | None:
    """Which character of the text is never kept, as the end of a sentence; None where all are."""
    if text.isprintable():
        return None
    for character in text:
        if character in _REORDERING:
            return f"has the character U+{ord(character):04X}, which changes the order in which words are shown"
        if character not in _KEPT_CONTROLS and not _is_shown(character):
            return f"has the control character U+{ord(character):04X}"
    return None


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cs"} and character not in _REORDERING
