"""What the address of the page of one moment, or of two, may say besides."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from api.http.moments import AsOfText, EffectiveOn, as_of_of
from api.http.queries import AnyOf
from api.web.paging import PageNumber
from api.web.queries import Page
from api.web.visits import Visit
from application.moments import Moment
from domain.dimensions import Attribution, Dimension, Division
from domain.vocabulary import CountryGroup


class PointInTimeQuery(Page):
    """By what figures are divided, and the two moments to compare, if there are two.

    `of` chooses whose movements are listed, `before` from which publication on.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    group_by: Annotated[list[Dimension], AnyOf, Field(max_length=4, default_factory=list)]
    attribution: Attribution = Attribution.FULL
    page: PageNumber = 1
    from_: Annotated[AsOfText, Field(alias="from")] = None
    to: AsOfText = None
    from_effective_on: EffectiveOn = None
    to_effective_on: EffectiveOn = None
    of: CountryGroup | None = None
    before: Annotated[int | None, Field(ge=1, le=2**62)] = None

    @property
    def division(self) -> Division:
        """By what figures are divided, as the domain knows it."""
        return Division.of(self.group_by, self.attribution)

    @property
    def names_the_earlier(self) -> bool:
        """Whether there is a moment to begin with."""
        return self.from_ is not None or self.from_effective_on is not None

    @property
    def compares(self) -> bool:
        """Whether two moments are meant."""
        return self.names_the_earlier or self.to is not None or self.to_effective_on is not None

    def moments(self, visit: Visit) -> tuple[Moment, Moment]:
        """The earlier and the later moment; the later is the visit's own where none is named.

        An earlier moment that is a day alone is of what the later one knows. Raises MomentNotOver, PositionAhead,
        ViewsBehind.
        """
        register = visit.service.register
        closing = visit.moment
        if self.to is not None:
            closing = register.resolve(as_of_of(self.to), self.to_effective_on)
        elif self.to_effective_on is not None:
            closing = register.moment(closing.position, self.to_effective_on)
        if self.from_ is not None:
            return register.resolve(as_of_of(self.from_), self.from_effective_on), closing
        return register.moment(closing.position, self.from_effective_on or closing.effective_on), closing


LDC_GRADUATION = date(2026, 11, 24)
"""On this day Bangladesh, the Lao PDR and Nepal leave the least developed countries."""


def days_before(day: date, days: int) -> date:
    """The day so many days earlier."""
    return day - timedelta(days=days)
