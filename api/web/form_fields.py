"""What a form sent: its fields, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from api.http import problems
from api.http.failures import Failure
from api.http.json_request import LARGEST_BODY

URL_ENCODED = "application/x-www-form-urlencoded"
MOST_FIELDS = 2_000
"""More than any form has."""

Fields = Mapping[str, list[str]]
"""The values of each field, in the order in which they came."""


async def fields_of(request: Request) -> Fields:
    """The fields of a form. Raises Failure for what is no form, or too large."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != URL_ENCODED:
        raise Failure(problems.NOT_A_FORM, f"What was sent is declared as {declared or 'nothing'}.")
    try:
        sent = (await _bounded(request)).decode()
        pairs = parse_qsl(sent, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:  # not UTF-8, or too many fields
        raise Failure(problems.NOT_A_FORM, "The fields cannot be read.") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def only(fields: Fields, name: str) -> str:
    """The value of a field that comes once; the last where it came more often, and nothing where it did not come."""
    return fields.get(name, [""])[-1]


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Failure(problems.BODY_TOO_LARGE, f"The form has more than {LARGEST_BODY} bytes.")
    return bytes(body)


SentFields = Annotated[Fields, Depends(fields_of)]
