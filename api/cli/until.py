"""Where a replay stops, as it is typed: a version, a position, a day or an instant."""

from __future__ import annotations

import re
from datetime import date, datetime

import typer

from application.moments import end_of
from audit.replay import Until

FORMS = "a version (3), a position (@17 or position:17), a day (2026-11-20) or an instant (2026-11-20T12:00:00Z)"

_POSITION = re.compile(r"(?:@|position:)(\d+)")


def parse_until(text: str | None, effective_on: datetime | None) -> Until:
    """The selection that was asked for. Raises BadParameter for what is none of `FORMS`."""
    on = effective_on.date() if effective_on else None
    if text is None:
        return Until(effective_on=on)
    if text.isdecimal():
        return Until(version=int(text), effective_on=on)
    if position := _POSITION.fullmatch(text):
        return Until(position=int(position[1]), effective_on=on)
    return Until(recorded_at=_instant(text), effective_on=on)


def _instant(text: str) -> datetime:
    """An instant, or the last one of a day in UTC."""
    try:
        return end_of(date.fromisoformat(text))
    except ValueError:
        pass
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not {FORMS}", param_hint="--until") from None
    if instant.tzinfo is None:
        raise typer.BadParameter(f"{text} has no time zone; add Z for UTC", param_hint="--until")
    return instant
