"""What a form for recording is: its parts, the body that it states, and the command that this means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from api.http.statements import Body
from api.web.recording.documents import Document
from api.web.recording.parts import Part
from api.web.recording.subject import Subject
from domain.commands import PledgeCommand
from domain.events import ContributionQueried, ContributionVerified, PledgeEvent, Validated
from domain.pledge import Pledge

Values = Mapping[str, list[str]]


def _as_it_is(stated: Document, _: Subject) -> Document:
    return stated


def _nothing(_: Subject) -> Values:
    return {}


def _by_the_pledger(event: PledgeEvent, _: str | None) -> bool:
    """What BDT decides meanwhile changes nothing of what a pledger has to say."""
    return not isinstance(event, Validated | ContributionVerified | ContributionQueried)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingForm:
    """A form by which something is recorded; its texts are messages of the catalogues.

    `of_contribution` forms are about one contribution, `of_pledge` ones about a pledge that there is. `blank` is a
    command of the kind, to ask who may give one. `is_possible` says whether the pledge's life allows it; `completed`
    makes what the fields state whole; `filled` is what they hold to begin with; `minds` says of a fact that was
    recorded after the form was opened whether whoever filled it in has to know of it first.
    """

    name: str
    title: str
    meaning: str
    button: str
    parts: tuple[Part, ...]
    body: type[Body]
    blank: PledgeCommand
    is_possible: Callable[[Subject], bool] = lambda _: True
    completed: Callable[[Document, Subject], Document] = _as_it_is
    filled: Callable[[Subject], Values] = _nothing
    minds: Callable[[PledgeEvent, str | None], bool] = _by_the_pledger
    of_pledge: bool = True
    of_contribution: bool = False

    @property
    def path(self) -> str:
        """Where the form is, with names for what varies."""
        if self.of_contribution:
            return f"/pledges/{{reference}}/contributions/{{contribution}}/{self.name}"
        return f"/pledges/{{reference}}/{self.name}" if self.of_pledge else f"/record/{self.name}"

    def address(self, pledge: Pledge | None = None, contribution: str | None = None) -> str:
        """Where the form for a pledge or a contribution is."""
        return self.path.format(reference=pledge.reference if pledge else "", contribution=contribution)

    def command(self, body: Any, contribution: str | None) -> PledgeCommand:
        """The command that the body means."""
        asked: PledgeCommand = body.command(contribution) if self.of_contribution else body.command()
        return asked
