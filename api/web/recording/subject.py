"""What a form is about: the pledge as whoever fills the form in saw it, and who says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from domain.pledge import Pledge, RecordedContribution
from domain.values import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a form is about.

    `seen` is the pledge as it was when the form was opened, `now` as it is; both None for a new one, or where the
    database that knows does not answer. `contribution` is the id of the one it is about, if it is about one.
    `organisation` is whose pledges whoever fills it in speaks for. `names` tells what organisations are called, and
    `called` the ids of the active ones with a name.
    """

    today: date
    seen: Pledge | None = None
    now: Pledge | None = None
    contribution: str | None = None
    organisation: UUID | None = None
    names: Mapping[UUID, str] = field(default_factory=dict)
    called: Callable[[str], list[UUID]] = lambda _: []

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets of the pledge as it was seen."""
        return self.seen.targets if self.seen else ()

    @property
    def recorded(self) -> RecordedContribution | None:
        """The contribution that the form is about, as it is counted now."""
        return self.now.contributions.get(self.contribution) if self.now and self.contribution else None

    def target(self, id: str) -> Target | None:
        """A target of the pledge as it was seen."""
        return self.seen.target(id) if self.seen else None
