"""The moment that a question is about, as query parameters name it and as answers echo it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Protocol

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from api.http import problems
from api.http.conditions import WAIT_SECONDS
from api.http.documents import MomentDocument
from api.http.failures import Failure
from api.http.statements import Day
from application.moments import AsOf, Moment, parse_as_of
from infrastructure.bootstrap import Service


def _readable(text: str) -> str:
    try:
        parse_as_of(text)
    except ValueError as unreadable:
        raise PydanticCustomError("unreadable_moment", "It is {reason}.", {"reason": str(unreadable)}) from None
    return text


_FORMS = [
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "pattern": "^[0-9]{1,18}$"},
]

AsOfText = Annotated[
    Annotated[str, Field(max_length=40), AfterValidator(_readable), WithJsonSchema({"anyOf": _FORMS})] | None,
    Field(
        description="What the register said then: a day (its end in UTC), an instant, or a position of the ledger",
        examples=["2026-01-31", "2026-01-31T12:00:00Z", "1234"],
    ),
]
EffectiveOn = Annotated[
    Day | None,
    Field(description="What was true in the world by this day, as far as the register knew; else the day of `as_of`"),
]


class Asked(Protocol):
    """A question that may name a moment."""

    @property
    def as_of(self) -> str | None: ...  # noqa: D102

    @property
    def effective_on(self) -> date | None: ...  # noqa: D102


def as_of_of(text: str | None) -> AsOf | None:
    """What a checked parameter means."""
    return None if text is None else parse_as_of(text)


def asked(service: Service, as_of: str | None, effective_on: date | None) -> Moment | None:
    """The moment that is asked about; None where now is, whatever is recorded meanwhile.

    Raises MomentNotOver, PositionAhead, and ViewsBehind where the read models do not get there in time.
    """
    if as_of is None and effective_on is None:
        return None
    return service.register.resolve(as_of_of(as_of), effective_on)


def carried(service: Service, position: int, on: date) -> Moment:
    """The moment that a cursor carries along. Raises ViewsBehind where what is read now is not there in time."""
    service.register.wait_for(position, WAIT_SECONDS)
    return service.register.moment(position, on)


def echoed(moment: Moment) -> MomentDocument:
    """The moment as answers tell it."""
    return MomentDocument(position=moment.position, as_of=moment.recorded_at, effective_on=moment.effective_on)


def require_one_moment(query: Asked) -> None:
    """Refuse a moment beside a cursor, which has one already. Raises Failure."""
    if query.as_of is not None or query.effective_on is not None:
        raise Failure(problems.TWO_MOMENTS, "A cursor carries its moment along; leave `as_of` and `effective_on` out.")
