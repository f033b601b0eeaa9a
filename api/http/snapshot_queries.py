"""What snapshots can be asked for: their moment, their grouping, and which of the published ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from api.http.cursors import Cursor
from api.http.moments import AsOfText
from api.http.queries import AnyOf, CursorText, Limit, MomentQuery
from api.http.statements import Body, Day
from audit.snapshot import Options
from domain.dimensions import Attribution, Dimension

MOST_DIMENSIONS = 4
"""More would make more groups than anybody reads."""

Dimensions = TypeVar("Dimensions", bound=Sequence[Dimension])


def _distinct(dimensions: Dimensions) -> Dimensions:
    if len(set(dimensions)) != len(dimensions):
        raise PydanticCustomError("repeated_dimension", "Name each dimension once.")
    return dimensions


_GROUP_BY = Field(
    max_length=MOST_DIMENSIONS,
    description="Totals for every combination of these that occurs, in this order; separated by commas or repeated",
)
_ATTRIBUTION = Field(
    description="`full`: a pledge counts fully in each group it touches; `split`: its value is divided among them"
)


class SnapshotQuery(MomentQuery):
    """Which moment, and how the totals are grouped."""

    group_by: Annotated[list[Dimension], AnyOf, AfterValidator(_distinct), _GROUP_BY] = Field(default_factory=list)
    attribution: Annotated[Attribution, _ATTRIBUTION] = Attribution.FULL

    def options(self) -> Options:
        """How the totals are grouped."""
        return Options(group_by=tuple(self.group_by), attribution=self.attribution)


class PublicationBody(Body):
    """A snapshot to be published: its title, its moment, and how its totals are grouped."""

    title: str
    as_of: AsOfText = None
    effective_on: Day | None = None
    group_by: Annotated[tuple[Dimension, ...], AfterValidator(_distinct), _GROUP_BY] = ()
    attribution: Annotated[Attribution, _ATTRIBUTION] = Attribution.FULL

    def options(self) -> Options:
        """How the totals are grouped."""
        return Options(group_by=self.group_by, attribution=self.attribution)


class PublicationQuery(BaseModel):
    """Which part of the list of published snapshots."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Limit = 50
    cursor: CursorText = None


class PublicationCursor(Cursor):
    """Before which position of the ledger the list goes on."""

    before: int
