"""What clients may say to publish a snapshot, and which part of the list of published ones they may ask for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.http.cursors import Cursor
from api.http.moments import AsOfText
from api.http.queries import Asked, CursorText, Limit
from api.http.statements import Body, Day
from domain.dimensions import Attribution, Dimension, Division
from domain.publication import Publish


class PublicationBody(Body):
    """A snapshot to be published: its title, its moment (now without one), and by what its totals are divided."""

    title: str
    as_of: AsOfText = None
    effective_on: Day | None = None
    group_by: Annotated[tuple[Dimension, ...], Field(max_length=4)] = ()
    attribution: Attribution = Attribution.FULL

    def command(self) -> Publish:
        """What is asked."""
        return Publish(title=self.title)

    def division(self) -> Division:
        """By what totals are divided, as the domain knows it."""
        return Division.of(self.group_by, self.attribution)


class PublicationQuery(Asked):
    """Which part of the list of published snapshots."""

    limit: Limit = 50
    cursor: CursorText = None


class PublicationCursor(Cursor):
    """Before which position of the ledger the list goes on."""

    before: int
