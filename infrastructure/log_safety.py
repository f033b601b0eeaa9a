"""What may stand in a log line: nothing that controls a terminal or begins another line, and no secret.

Whoever sends a request decides about much of what is logged of it. A line break would let them write lines of their
own, a control sequence would let them rewrite what an operator sees, and a token in a log is a token for everybody who
reads it.
"""

from __future__ import annotations

import linecache
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from structlog import tracebacks
from structlog.typing import EventDict, ExcInfo

MASK: Final = "***"

LONGEST_TEXT = 8_192
"""More characters of one text are left out."""

SHORTEST_TOKEN = 20
"""Fewer characters than a token of ours has, even one that was cut off, and more than its visible beginning."""

DEEPEST = 6
"""Values inside values beyond this are written as Python shows them."""

_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # the controls of ASCII and Latin 1: line breaks and escape sequences
    "\u2028\u2029"  # other line breaks
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of writing
    "\ud800-\udfff]"  # halves of characters, which cannot be written
)

# Lengths have bounds and runs are looked at once, so that no text makes a search long.
_PERHAPS_SECRET = re.compile("p2c_|whsec_|eyj|://|bearer|passw|secret|token|api_?key")  # in lower case, which is quick
_RUN = re.compile(r"[\w.-]{12,}", re.ASCII)
_BEARER = re.compile(r"(bearer)(\s{1,20})[\w.~+/=-]+", re.ASCII | re.IGNORECASE)
_WEBHOOK_SECRET = re.compile(r"whsec_[\w+/=-]+", re.ASCII)
_URL_PASSWORD = re.compile(r"(://[^\s/?#@:]{0,200}:)\S{0,1000}@")
_NAMED = re.compile(
    r"((?:password|passwd|secret|token|api_?key)[\"']?\s{0,20}[=:]\s{0,20})"
    r"(?:\"[^\"]{0,1000}\"|'(?:[^'\\]|\\.){0,1000}'|[^\s&,;)}\]]+)",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(r"password|passwd|secret|token|authorization|cookie|api_?key", re.IGNORECASE)


def safe(_: object, __: str, event: EventDict) -> EventDict:
    """The event with everything in it made safe; only the exception, if there is one, is as it was."""
    return {name: value if name == "exc_info" else _safe_item(name, value) for name, value in event.items()}


def text(given: str) -> str:
    """A text without secrets, its control characters written as Python writes them: one line."""
    shown = _without_secrets(given) if _PERHAPS_SECRET.search(given.lower()) else given
    if len(shown) > LONGEST_TEXT:
        shown = f"{shown[:LONGEST_TEXT]}… ({len(shown)} characters)"
    if shown.isprintable():
        return shown
    return _CONTROLS.sub(lambda control: ascii(control[0])[1:-1], shown)


def traceback_text(exc_info: ExcInfo) -> str:
    """An exception with where it came from, in lines; what it says itself stays in one line."""
    return "\n".join(_lines(tracebacks.extract(*exc_info, show_locals=False)))


def _lines(trace: tracebacks.Trace) -> Iterator[str]:
    for number, stack in enumerate(trace.stacks):
        if number:
            yield "because of" if trace.stacks[number - 1].is_cause else "while handling"
        for frame in stack.frames:
            yield f"  {text(frame.filename)}:{frame.lineno} in {text(frame.name)}"
            if source := linecache.getline(frame.filename, frame.lineno).strip():
                yield f"    {text(source)}"
        yield text(f"{stack.exc_type}: {stack.exc_value}")
        yield from (f"  {text(note)}" for note in stack.exc_notes)
        for inner in stack.exceptions:
            yield from (f"    {line}" for line in _lines(inner))


def _without_secrets(given: str) -> str:
    masked = _URL_PASSWORD.sub(rf"\g<1>{MASK}@", given)
    masked = _NAMED.sub(rf"\g<1>{MASK}", masked)
    masked = _WEBHOOK_SECRET.sub(f"whsec_{MASK}", masked)
    masked = _BEARER.sub(rf"\g<1>\g<2>{MASK}", masked)
    return _RUN.sub(_without_tokens, masked)


def _without_tokens(run: re.Match[str]) -> str:
    """The run up to where a token of ours or a JWT begins in it."""
    told = run[0]
    if (token := told.find("p2c_")) >= 0 and len(told) - token >= SHORTEST_TOKEN:
        told = told[:token] + MASK
    if (jwt := told.find("eyJ")) >= 0 and "." in told[jwt:]:
        told = told[:jwt] + MASK
    return told


def _safe_item(name: object, value: object, depth: int = 0) -> Any:
    if isinstance(value, str | bytes) and _is_secret(str(name)):
        return MASK
    return text(value) if type(value) is str else _safe(value, depth)


@lru_cache(maxsize=512)
def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name))


def _safe(value: object, depth: int) -> Any:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case str() | UUID() | date() | Decimal() | PurePath():
            return text(str(value))
        case Mapping() if depth < DEEPEST:
            return {text(str(name)): _safe_item(name, inner, depth + 1) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset() if depth < DEEPEST:
            return [_safe(inner, depth + 1) for inner in value]
        case _:
            return text(tracebacks.to_repr(value, use_rich=False))
