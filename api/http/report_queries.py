"""What can be asked about reports: for which period, who owes which, what others learned."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from api.http.cursors import Cursor
from api.http.languages import Language
from api.http.moments import AsOfText
from api.http.queries import CursorText, Limit, MomentQuery, SearchText, Several
from api.http.statements import Day
from application.good_practices import Interest
from application.reporting_duties import Debts
from domain.progress.report import Period
from domain.vocabulary import FocusArea, PledgeType, Region, ReportingHealth, Sector

EARLIEST, LATEST = date(1900, 1, 1), date(2099, 12, 31)
"""The days that a period may have: a report has a point for every month, so there is a last one."""

ReportedDay = Annotated[
    Day,
    Field(ge=EARLIEST, le=LATEST),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^(19|20)", "examples": ["2026-11-23"]}),
]


class ProgressQuery(BaseModel):
    """Which period, and as of when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_: Annotated[ReportedDay, Field(alias="from", description="The period's first day")]
    to: Annotated[ReportedDay, Field(description="The period's last day, which belongs to it")]
    as_of: AsOfText = None
    language: Annotated[
        Language | None,
        Field(description="Of the page or the PDF; without it, the one of `Accept-Language` that is liked best"),
    ] = None

    @field_validator("to")
    @classmethod
    def _in_order(cls, to: date, given: ValidationInfo) -> date:
        start = given.data.get("from_")
        if start and to < start:
            raise PydanticCustomError(
                "ends_before_start",
                "The period ends before it starts on {start}; give `from` the earlier day.",
                {"start": start.isoformat()},
            )
        return to

    def period(self) -> Period:
        """The period that is asked about."""
        return Period(self.from_, self.to)


class ObligationCriteria(BaseModel):
    """Whose obligations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    health: Annotated[Several[ReportingHealth], Field(description="How the reports on the pledge stand")] = []
    lead: Annotated[Several[UUID], Field(description="The lead organisation, who owes the report")] = []
    sector: Annotated[Several[Sector], Field(description="The lead organisation's")] = []
    region: Annotated[Several[Region], Field(description="Where the pledge is implemented")] = []
    pledger_region: Annotated[Several[Region], Field(description="The lead organisation's")] = []

    def debts(self) -> Debts:
        """The criteria as the use case knows them."""
        return Debts(**_tuples(self, "health", "lead", "sector", "region", "pledger_region"))


class ObligationQuery(ObligationCriteria, MomentQuery):
    """Whose obligations, at which moment."""


class StoryCriteria(BaseModel):
    """Which good practices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Annotated[
        SearchText | None,
        Field(
            description="Words that must all occur in the story, the pledge's reference or title, or the lead's name"
        ),
    ] = None
    focus_area: Annotated[Several[FocusArea], Field(description="The one the pledge belongs to")] = []
    type: Annotated[Several[PledgeType], Field(description="What kind of promise the pledge is")] = []
    sector: Annotated[Several[Sector], Field(description="The lead organisation's")] = []
    pledger_region: Annotated[Several[Region], Field(description="The lead organisation's")] = []
    lead: Annotated[Several[UUID], Field(description="The lead organisation")] = []

    def interest(self) -> Interest:
        """The criteria as the use case knows them."""
        wanted = _tuples(self, "focus_area", "type", "sector", "pledger_region", "lead")
        return Interest(words=tuple((self.q or "").split()), **wanted)

    def stated(self) -> dict[str, Any]:
        """What is asked for, without what is not."""
        return self.model_dump(mode="json", exclude_defaults=True, include=set(StoryCriteria.model_fields))


class StoryQuery(StoryCriteria, MomentQuery):
    """Which good practices, at which moment, and which part of their list."""

    limit: Limit = 50
    cursor: CursorText = None


class StoryCursor(Cursor):
    """After how many stories the list goes on, at which position of the ledger and for which day."""

    position: int
    on: date
    after: Annotated[int, Field(ge=0)]
    criteria: dict[str, Any]


def _tuples(query: BaseModel, *names: str) -> dict[str, Any]:
    return {name: tuple(getattr(query, name)) for name in names}
