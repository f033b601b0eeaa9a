"""What differences look like, for the description of the service; `audit.difference` makes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.http.documents import DecimalText, MomentDocument
from domain.difference import Cause
from domain.dimensions import Attribution, Dimension

Amount = DecimalText | int
"""US dollars as text, or a number of pledges."""

Figures = dict[str, Amount]
"""By measure: pledges and US dollars on each rung, of all pledges and of those that touch a country group."""


class CauseDocument(BaseModel):
    """What one cause did to one figure, and to how many pledges."""

    cause: Cause
    measure: str
    change: Amount
    pledges: int


class MovementDocument(BaseModel):
    """What one cause did to one figure of one pledge, with the positions of the deciding facts.

    `reference` is null for a pledge that is not public; `countries` joined or left a group, where that was the cause.
    """

    reference: str | None
    cause: Cause
    measure: str
    change: Amount
    positions: list[int]
    countries: list[str] = []


class GroupDifference(BaseModel):
    """The same for a part."""

    key: dict[Dimension, str | int | None]
    opening: Figures
    closing: Figures
    totals: Figures
    movements: list[MovementDocument]


class DifferenceDocument(BaseModel):
    """What changed between two moments: `totals` are the changes, `causes` and `movements` each sum to them.

    `digest` is the SHA-256 of the canonical JSON (RFC 8785) of the document without it.
    """

    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[MomentDocument, Field(alias="from")]
    to: MomentDocument
    rules_version: int
    group_by: list[Dimension]
    attribution: Attribution
    unpublished: bool
    opening: Figures
    closing: Figures
    totals: Figures
    causes: list[CauseDocument]
    movements: list[MovementDocument]
    groups: list[GroupDifference]
    digest: str
