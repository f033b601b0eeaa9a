"""The form of an answer that a client prefers, from its `Accept` header (RFC 9110)."""

from __future__ import annotations

from enum import StrEnum

from api.exports.workbook import XLSX


class Form(StrEnum):
    """A form that rows come in, by its media type."""

    JSON = "application/json"
    CSV = "text/csv"
    XLSX = XLSX


def preferred(accept: str | None) -> Form:
    """The form a client likes best; JSON where it does not mind, says nothing, or likes none of them."""
    qualities = {form: _quality(form, accept or "*/*") for form in Form}
    best = max(qualities.values())
    return next(form for form in Form if qualities[form] == best)


def _quality(form: Form, accept: str) -> float:
    """How much the form is liked, from 0 to 1: what the most specific of the ranges that include it says."""
    ranges = [_parsed(given) for given in accept.split(",")]
    for wanted in (form.value, f"{form.value.partition('/')[0]}/*", "*/*"):
        found = [quality for name, quality in ranges if name == wanted]
        if found:
            return max(found)
    return 0.0


def _parsed(given: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in given.split(";"))
    quality = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    try:
        return name, float(quality)
    except ValueError:
        return name, 0.0
