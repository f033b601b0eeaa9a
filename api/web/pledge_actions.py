"""What a visitor may do to a pledge as it stands: the forms that are worth showing to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from api.languages.texts import Texts
from api.web.pledge_life import ContributionLine, Standing
from application.access import NotAuthenticated, NotPermitted, Principal, require_command, require_command_on
from domain.commands import (
    Amend,
    Contribute,
    Correct,
    Decline,
    Fulfil,
    PledgeCommand,
    QueryContribution,
    Report,
    ScaleDown,
    ScaleUp,
    Validate,
    VerifyContribution,
    Withdraw,
)
from domain.decisions import CLOSED, LEFT
from domain.events import Description
from domain.pledge import Pledge
from domain.refusals import UnknownPledge
from domain.vocabulary import Lifecycle, SelfAssessment


@dataclass(frozen=True, slots=True)
class Action:
    """A form that the visitor may send: the last part of its address, and what it does."""

    path: str
    name: str


class _Offer(NamedTuple):
    """An action, a command of its kind, for whose sake access is asked, and whether it would be of any use."""

    path: str
    command: PledgeCommand
    useful: bool


def pledge_actions(pledge: Pledge, by: Principal, lines: Sequence[ContributionLine], texts: Texts) -> Iterator[Action]:
    """What the visitor may do to the pledge itself."""
    names = _names(texts)
    for path, command, useful in _offers(pledge):
        if useful and may(by, command, pledge, lines):
            yield Action(path, names[path])


def contribution_actions(
    line: ContributionLine, pledge: Pledge, by: Principal, lines: Sequence[ContributionLine], texts: Texts
) -> Iterator[Action]:
    """What the visitor may do about one of its contributions."""
    id, names = line.contribution.id, _names(texts)
    if line.standing is Standing.CORRECTED:
        return
    offers = (
        _Offer("verify", VerifyContribution(contribution=id), line.standing is not Standing.VERIFIED),
        _Offer("query", QueryContribution(contribution=id, question=""), useful=True),
        _Offer("correct", Correct(contribution=id, reason=""), useful=True),
    )
    for path, command, useful in offers:
        if useful and may(by, command, pledge, lines):
            yield Action(f"contributions/{id}/{path}", names[path])


def may(by: Principal, command: PledgeCommand, pledge: Pledge, lines: Sequence[ContributionLine]) -> bool:
    """Whether somebody may give a command about the pledge, whatever else it says."""
    try:
        require_command(by, command)
        require_command_on(by, command, pledge, _recorded_by(lines))
    except (NotAuthenticated, NotPermitted, UnknownPledge):
        return False
    return True


def _recorded_by(lines: Sequence[ContributionLine]) -> Callable[[str], UUID | None]:
    return {line.contribution.id: line.recorded_by for line in lines}.get


def _offers(pledge: Pledge) -> Iterator[_Offer]:
    """In the order in which they are needed; what would be refused in any case is of no use."""
    undecided = pledge.lifecycle is Lifecycle.ANNOUNCED
    open_, there = pledge.lifecycle not in CLOSED, pledge.lifecycle not in LEFT
    measured = bool(pledge.targets)
    yield _Offer("validate", Validate(), undecided)
    yield _Offer("decline", Decline(reason=""), undecided)
    yield _Offer("report", _REPORT, there)
    yield _Offer("contribute", Contribute(contributions=()), there and measured)
    yield _Offer("scale-up", ScaleUp(), open_)
    yield _Offer("scale-down", ScaleDown(targets=(), reason=""), open_ and measured)
    yield _Offer("amend", Amend(changes=Description(), reason=""), pledge.lifecycle is not Lifecycle.DECLINED)
    yield _Offer("fulfil", Fulfil(statement=""), open_)
    yield _Offer("withdraw", Withdraw(reason=""), open_)


_REPORT = Report(period_start=date.min, period_end=date.min, narrative="", self_assessment=SelfAssessment.ON_TRACK)


def _names(texts: Texts) -> dict[str, str]:
    say = texts.say
    return {
        "validate": say("Admit it to the register"),
        "decline": say("Do not admit it"),
        "report": say("Report on progress"),
        "contribute": say("Record a contribution"),
        "scale-up": say("Scale up"),
        "scale-down": say("Scale down"),
        "amend": say("Put a description right"),
        "fulfil": say("Declare it fulfilled"),
        "withdraw": say("Withdraw"),
        "verify": say("Mark as verified"),
        "query": say("Ask about it"),
        "correct": say("Correct"),
    }
