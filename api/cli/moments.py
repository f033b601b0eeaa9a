"""The moment a command is about, as it is typed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from api.cli.failures import Unusable
from application.moments import AsOf, Moment, MomentNotOver, PositionAhead, ViewsBehind, parse_as_of
from infrastructure.bootstrap import Service

FORMS = "a day (2026-01-31, its end in UTC), an instant (2026-01-31T12:00:00Z) or a position (1234)"

AsOfOption = Annotated[
    str | None, typer.Option(metavar="MOMENT", help=f"What the register said then: {FORMS}. Without it: now.")
]
EffectiveOnOption = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="What was true by this day, as far as the register knew; else of MOMENT."),
]


def moment_of(service: Service, as_of: str | None, effective_on: datetime | None) -> Moment:
    """The moment that is meant, with the read models there. Raises Unusable where there is no such moment."""
    service.projections.catch_up()
    try:
        return service.register.resolve(as_of_of(as_of), effective_on.date() if effective_on else None)
    except (MomentNotOver, PositionAhead, ViewsBehind) as impossible:
        raise Unusable(f"{impossible}.") from impossible


def as_of_of(text: str | None) -> AsOf | None:
    """What was typed. Raises BadParameter for what is none of `FORMS`."""
    try:
        return None if text is None else parse_as_of(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not {FORMS}") from None
