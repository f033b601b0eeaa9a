"""Lists in pages, so that no page grows with the register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import Field

Item = TypeVar("Item")
Other = TypeVar("Other")

PageNumber = Annotated[int, Field(ge=1, le=1_000_000, description="Which page of the list, from 1")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged(Generic[Item]):
    """A page of a list: its items, and that it is the page `number` of `pages` of `of_all` items.

    A page behind the last one is empty.
    """

    items: Sequence[Item]
    number: int
    size: int
    of_all: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.of_all // self.size))

    @property
    def first(self) -> int:
        """The number of the first item of the page, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        """The number of the last item of the page."""
        return self.first + len(self.items) - 1

    def showing(self, items: Sequence[Other]) -> Paged[Other]:
        """The same page with other items in the place of its own."""
        return Paged(items=items, number=self.number, size=self.size, of_all=self.of_all)


def paged(all_items: Sequence[Item], number: int, size: int) -> Paged[Item]:
    """A page of a list that is there as a whole."""
    skip = (number - 1) * size
    return Paged(items=all_items[skip : skip + size], number=number, size=size, of_all=len(all_items))
