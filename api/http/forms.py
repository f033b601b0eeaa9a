"""The forms that an answer comes in, by the `Accept` header (RFC 9110) or by the extension of the address."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import Header
from pydantic import Field

from api.http import problems
from api.http.failures import Failure

Accept = Annotated[Annotated[str, Field(max_length=1_000)] | None, Header(include_in_schema=False)]
"""The header, which OpenAPI wants to be described by the media types of the answer alone."""


class Form(StrEnum):
    """A form, by its media type."""

    JSON = "application/json"
    CSV = "text/csv"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    XML = "application/xml"
    HTML = "text/html"
    PDF = "application/pdf"


def chosen(accept: str | None, forms: Sequence[Form]) -> Form:
    """The form that is liked best; the first of the forms where any will do. Raises Failure where none will."""
    ranges = [_range(part) for part in (accept or "*/*").split(",") if part.strip()]
    liked = [(_quality(form, ranges), -n, form) for n, form in enumerate(forms)]
    quality, _, form = max(liked)
    if quality <= 0:
        offered = ", ".join(forms)
        raise Failure(problems.NOT_ACCEPTABLE, f"`Accept` admits none of {offered}.")
    return form


def is_wanted(form: Form, accept: str | None) -> bool:
    """Whether a form is asked for by name, and liked better than JSON."""
    return accept is not None and form in accept.lower() and chosen(accept, (Form.JSON, form)) is form


def _range(part: str) -> tuple[str, float]:
    media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media_type, min(max(float(value), 0.0), 1.0)
            except ValueError:
                return media_type, 0.0
    return media_type, 1.0


def _quality(form: Form, ranges: Sequence[tuple[str, float]]) -> float:
    """What the most specific of the ranges that a form is in says of it."""
    kind = form.partition("/")[0]
    for wanted in (form.value, f"{kind}/*", "*/*"):
        if matching := [quality for media_type, quality in ranges if media_type == wanted]:
            return max(matching)
    return 0.0
