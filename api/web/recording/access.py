"""Which forms are for whom: those whose command the visitor may give, and that the pledge's life allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from api.web.recording.contribution_forms import CONTRIBUTION_FORMS
from api.web.recording.descriptions import RecordingForm
from api.web.recording.pledge_forms import ANNOUNCE, PLEDGE_FORMS
from api.web.recording.subject import Subject
from application import access
from application.access import NotAuthenticated, NotPermitted, Principal
from domain.commands import Announce, Correct, PledgeCommand, QueryContribution, VerifyContribution
from domain.pledge import Pledge
from domain.refusals import UnknownPledge
from infrastructure.bootstrap import Service

FORMS: Sequence[RecordingForm] = (ANNOUNCE, *PLEDGE_FORMS, *CONTRIBUTION_FORMS)


@dataclass(frozen=True, slots=True)
class Offered:
    """A form that is there for a visitor: its title, a message of the catalogues, and where it is."""

    name: str
    title: str
    address: str


def require_form(
    service: Service, by: Principal, form: RecordingForm, pledge: Pledge | None, contribution: str | None = None
) -> None:
    """Refuse a form whose command the visitor may not give.

    Raises NotAuthenticated, NotPermitted, and UnknownPledge for a pledge that they may not know of.
    """
    command = _blank(form, by, contribution)
    access.require_command(by, command)
    if pledge is not None:
        access.require_command_on(by, command, pledge, partial(service.commands.recorded_by, pledge.id))


def offered(service: Service, by: Principal, pledge: Pledge, today: date) -> Sequence[Offered]:
    """The forms about a pledge as it is now that are there for the visitor."""
    return list(_offered(service, by, PLEDGE_FORMS, Subject(today=today, seen=pledge, now=pledge)))


def offered_on_contribution(
    service: Service, by: Principal, pledge: Pledge, contribution: str, today: date
) -> Sequence[Offered]:
    """The forms about a contribution, as the pledge is now, that are there for the visitor."""
    subject = Subject(today=today, seen=pledge, now=pledge, contribution=contribution)
    return list(_offered(service, by, CONTRIBUTION_FORMS, subject))


def may_announce(service: Service, by: Principal) -> bool:
    """Whether the visitor may announce a pledge."""
    return _may(service, by, ANNOUNCE, None, None)


def _offered(service: Service, by: Principal, forms: Iterable[RecordingForm], about: Subject) -> Iterable[Offered]:
    for form in forms:
        if form.is_possible(about) and _may(service, by, form, about.now, about.contribution):
            yield Offered(form.name, form.title, form.address(about.now, about.contribution))


def _may(service: Service, by: Principal, form: RecordingForm, pledge: Pledge | None, contribution: str | None) -> bool:
    try:
        require_form(service, by, form, pledge, contribution)
    except (NotAuthenticated, NotPermitted, UnknownPledge):
        return False
    return True


def _blank(form: RecordingForm, by: Principal, contribution: str | None) -> PledgeCommand:
    """A command of the form's kind that says nothing but whom and what it is about."""
    match form.blank:
        case Announce() as announce:
            return replace(announce, lead=by.actor.organisation or announce.lead)
        case Correct() | VerifyContribution() | QueryContribution() as about_one:
            return replace(about_one, contribution=contribution or "")
        case other:
            return other
