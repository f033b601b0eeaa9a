"""A whole IATI document, written one activity after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from lxml.etree import tostring

from api.iati.activities import Reported, activity
from api.iati.codes import VERSION
from audit.envelope import format_instant

BEFORE_ANYTHING = datetime(2022, 1, 1, tzinfo=UTC)
"""When a document says that it was generated if the register was empty at its moment."""


def document(pledges: Iterable[Reported], *, as_of: datetime | None) -> Iterator[bytes]:
    """The document, a part at a time; the same bytes for the same pledges. It was generated, it says, `as_of`."""
    generated = format_instant(as_of or BEFORE_ANYTHING)
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<iati-activities version="{VERSION}" generated-datetime="{generated}">\n'.encode()
    empty = True
    for reported in pledges:
        empty = False
        yield tostring(activity(reported), encoding="utf-8", pretty_print=True)
    if empty:
        # The schema wants one activity at least; a comment says why there is none.
        yield b"<!-- No pledge was in the published register at this moment. -->\n"
    yield b"</iati-activities>\n"
