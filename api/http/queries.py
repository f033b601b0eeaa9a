"""What lists can be asked for: filters on codes, each repeated or with commas, any of the values will do."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.http.cursors import FORM, LONGEST, Cursor
from api.http.moments import AsOfText, EffectiveOn
from api.http.statements import UNSEARCHABLE_TEXT, CountryCode, CurrencyCode, Known, PillarCode, WsisLine
from domain import vocabulary
from domain.dimensions import Attribution, Dimension, Division
from domain.text import composed, fault, longest
from domain.vocabulary import (
    BeneficiaryGroup,
    CountryGroup,
    FocusArea,
    Lifecycle,
    PledgeType,
    Region,
    ReportingHealth,
    Sector,
)
from projections.organisations.view import OrganisationKey
from projections.pledge_status.filters import PledgeFilters


def _separated(given: Any) -> Any:
    if not isinstance(given, list | tuple):
        return given
    return [part.strip() for item in given for part in (item.split(",") if isinstance(item, str) else [str(item)])]


def _searchable(text: str) -> str:
    words = composed(text)
    if words and (reason := fault("title", words)):
        raise PydanticCustomError("unacceptable_text", "The text {reason}.", {"reason": reason})
    return words


AnyOf = BeforeValidator(_separated)
MOST_VALUES = 300
"""How many values of one filter may be given: more than there are countries."""
MOST_TEXTS = 10
"""How many texts: a server refuses addresses longer than 64 KiB without a word of ours."""

Value = TypeVar("Value")
Several = Annotated[list[Value], AnyOf, Field(max_length=MOST_VALUES)]
"""The values of a filter, any of which will do."""

SearchText = Annotated[
    str,
    AfterValidator(_searchable),
    Field(
        max_length=longest("title"),
        description="Words that must all occur",
        json_schema_extra={"not": UNSEARCHABLE_TEXT},
    ),
]
SdgNumber = Annotated[int, Known("SDG", vocabulary.sdgs)]
Limit = Annotated[int, Field(ge=1, le=200, description="How many at most")]
CursorText = Annotated[
    Annotated[str, Field(max_length=LONGEST, json_schema_extra={"pattern": FORM})] | None,
    Field(description="The `next` of the page before; it carries the filters along"),
]


class Asked(BaseModel):
    """Something that is asked for in an address: unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MomentQuery(Asked):
    """Which moment: what the register said then of what was true in the world by a day."""

    as_of: AsOfText = None
    effective_on: EffectiveOn = None

    @property
    def names_a_moment(self) -> bool:
        """Whether another moment is meant than now, whatever is recorded meanwhile."""
        return self.as_of is not None or self.effective_on is not None


class PledgeCriteria(Asked):
    """Which pledges."""

    lifecycle: Annotated[Several[Lifecycle], Field(description="Where the pledge is in its life")] = []
    type: Annotated[Several[PledgeType], Field(description="What kind of promise it is")] = []
    focus_area: Annotated[Several[FocusArea], Field(description="The one it belongs to")] = []
    pillar: Annotated[Several[PillarCode], Field(description="A theme inside the focus area")] = []
    sector: Annotated[Several[Sector], Field(description="The lead organisation's, when it announced the pledge")] = []
    region: Annotated[Several[Region], Field(description="Where the pledge is implemented")] = []
    pledger_region: Annotated[Several[Region], Field(description="The lead organisation's")] = []
    country: Annotated[Several[CountryCode], Field(description="Where the pledge is implemented")] = []
    target_group: Annotated[Several[CountryGroup], Field(description="As the countries are grouped today")] = []
    beneficiary_group: Annotated[Several[BeneficiaryGroup], Field(description="Whom it is for")] = []
    sdg: Annotated[Several[SdgNumber], Field(description="Sustainable Development Goal, 1 to 17")] = []
    wsis_line: Annotated[Several[WsisLine], Field(description="WSIS action line, C1 to C11")] = []
    organisation: Annotated[Several[UUID], Field(description="Lead or partner")] = []
    lead: Annotated[Several[UUID], Field(description="The lead organisation")] = []
    reporting: Annotated[Several[ReportingHealth], Field(description="How its reports stand today")] = []
    scaled_up: Annotated[bool | None, Field(description="Whether it was ever scaled up")] = None
    year: Annotated[Several[Annotated[int, Field(ge=1, le=9999)]], Field(description="Of the announcement")] = []
    register_: Annotated[
        list[SearchText],
        AnyOf,
        Field(max_length=MOST_TEXTS, alias="register", description="The register it was imported from"),
    ] = []
    q: Annotated[
        SearchText | None,
        Field(description="Words that must all occur in reference, title, description or the lead's name"),
    ] = None

    def filters(self) -> PledgeFilters:
        """The criteria as the view knows them."""
        given: dict[str, Any] = {name: getattr(self, name) for name in PledgeCriteria.model_fields}
        wanted: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
        }
        return PledgeFilters(register=wanted.pop("register_"), **wanted)

    def stated(self) -> dict[str, Any]:
        """What is asked for, without what is not."""
        return self.model_dump(
            mode="json", by_alias=True, exclude_defaults=True, include=set(PledgeCriteria.model_fields)
        )


class PledgeQuery(PledgeCriteria, MomentQuery):
    """Which pledges, at which moment, and which part of their list."""

    limit: Limit = 50
    cursor: CursorText = None


class PledgeCursor(Cursor):
    """After which reference the list goes on, at which position of the ledger and for which day."""

    position: int
    on: date
    after: str
    criteria: dict[str, Any]


class OrganisationCriteria(Asked):
    """Which organisations."""

    sector: Annotated[Several[Sector], Field(description="Its sector")] = []
    region: Annotated[Several[Region], Field(description="Its ITU region")] = []
    country: Annotated[Several[CountryCode], Field(description="Its country")] = []
    active: Annotated[bool | None, Field(description="Whether it may take on something new")] = None
    q: Annotated[SearchText | None, Field(description="Words that must all occur in its name")] = None

    def stated(self) -> dict[str, Any]:
        """What is asked for, without what is not."""
        included = set(OrganisationCriteria.model_fields)
        return self.model_dump(mode="json", exclude_defaults=True, include=included)


class OrganisationQuery(OrganisationCriteria, MomentQuery):
    """Which organisations, at which moment, and which part of their list."""

    limit: Limit = 50
    cursor: CursorText = None


class OrganisationCursor(Cursor):
    """After which name the list goes on, at which position of the ledger and for which day."""

    position: int
    on: date
    name: str
    id: UUID
    criteria: dict[str, Any]

    @property
    def key(self) -> OrganisationKey:
        """The place as the view knows it."""
        return OrganisationKey(self.name, self.id)


class HistoryQuery(MomentQuery):
    """Which part of a history: what was recorded by a moment, and which page of it."""

    limit: Annotated[int, Field(ge=1, le=200, description="How many at most")] = 100
    cursor: CursorText = None


class HistoryCursor(Cursor):
    """After which version a history goes on, at which position of the ledger and for which day."""

    reference: str
    version: int
    position: int
    on: date
    now: bool


class VersionQuery(MomentQuery):
    """Which version of a pledge, or at which moment."""

    version: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="As it was after this version")] = None


class SnapshotQuery(MomentQuery):
    """Which moment, and by what its totals are divided."""

    group_by: Annotated[
        list[Dimension], AnyOf, Field(max_length=4, description="Totals by every combination of these that occurs")
    ] = []
    attribution: Annotated[
        Attribution,
        Field(description="Whether a pledge's value counts fully in each part it touches, or is divided among them"),
    ] = Attribution.FULL

    def division(self) -> Division:
        """By what totals are divided, as the domain knows it."""
        return Division.of(self.group_by, self.attribution)


class ExportQuery(MomentQuery):
    """Which moment, and whether pledges that BDT has not admitted belong to it."""

    unpublished: Annotated[bool, Field(description="With pledges that BDT has not admitted; needs a token")] = False


class DifferenceQuery(Asked):
    """Which two moments, and by what figures are divided besides."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: Annotated[AsOfText, Field(alias="from", description="The earlier moment, as `as_of` is given")] = None
    to: Annotated[AsOfText, Field(description="The later moment, as `as_of` is given; without it, now")] = None
    from_effective_on: EffectiveOn = None
    to_effective_on: EffectiveOn = None
    group_by: Annotated[
        list[Dimension], AnyOf, Field(max_length=4, description="Every combination of these is compared besides")
    ] = []
    attribution: Annotated[
        Attribution,
        Field(description="Whether a pledge's value counts fully in each part it touches, or is divided among them"),
    ] = Attribution.FULL
    unpublished: Annotated[
        bool, Field(description="Name pledges that BDT admitted at neither moment; needs a token")
    ] = False

    @model_validator(mode="after")
    def _from_is_said(self) -> Self:
        if self.from_ is None and self.from_effective_on is None:
            raise PydanticCustomError("from_missing", "Give `from`, or `from_effective_on`, or both.")
        return self

    def division(self) -> Division:
        """By what figures are divided, as the domain knows it."""
        return Division.of(self.group_by, self.attribution)


class RatesQuery(MomentQuery):
    """Which exchange rates, published by when, of months that began by which day."""

    currency: Annotated[CurrencyCode | None, Field(description="The rates of this currency only")] = None
