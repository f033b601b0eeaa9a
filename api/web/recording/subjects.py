"""What a form is about, from the ledger: always as it is now, whatever moment the visitor came from."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from api.http.representations import parties
from api.web.recording.access import require_form
from api.web.recording.descriptions import RecordingForm
from api.web.recording.subject import Subject
from api.web.visits import Visit
from domain.identity import pledge_id
from domain.pledge import Pledge
from domain.refusals import AlreadyCorrected, UnknownContribution, UnknownPledge
from infrastructure.bootstrap import Service

SAME_NAME_AT_MOST = 50


def subject_of(
    visit: Visit,
    form: RecordingForm,
    reference: str | None = None,
    contribution: str | None = None,
    seen: int | None = None,
) -> Subject:
    """What the form is about, for a visitor who saw the pledge in the version `seen`, or sees it now.

    Raises NotAuthenticated, NotPermitted, UnknownPledge, and for a contribution that does not count (any more)
    UnknownContribution and AlreadyCorrected.
    """
    service = visit.service
    require_form(service, visit.by, form, None, contribution)
    subject = Subject(
        today=visit.today,
        contribution=contribution,
        organisation=visit.by.actor.organisation,
        called=lambda name: _called(service, name),
    )
    if reference is None:
        return subject
    now = service.ledger.pledge(pledge_id(reference))
    if now is None:
        raise UnknownPledge(reference)
    require_form(service, visit.by, form, now, contribution)
    if contribution is not None:
        _require_contribution(now, contribution)
    return replace(
        subject,
        now=now,
        seen=_in_version(service, now, seen),
        names=service.organisations.names(parties([now])),
    )


def _in_version(service: Service, now: Pledge, version: int | None) -> Pledge:
    if version is None or not 0 < version < now.version:
        return now
    return service.ledger.pledge(now.id, version) or now


def _require_contribution(pledge: Pledge, contribution: str) -> None:
    """A contribution that was corrected is known still: whoever sends a correction again is told what became of it."""
    if contribution not in pledge.contributions and contribution not in pledge.corrected:
        raise UnknownContribution(contribution)


def require_counted(subject: Subject) -> None:
    """Refuse to begin a form about a contribution that does not count any more. Raises AlreadyCorrected."""
    if subject.contribution is not None and subject.recorded is None:
        raise AlreadyCorrected(subject.contribution)


def _called(service: Service, name: str) -> list[UUID]:
    """The active organisations with exactly this name, whatever its case."""
    found = service.organisations.page(q=name, active=True, limit=SAME_NAME_AT_MOST).items
    return [row.organisation.id for row in found if row.organisation.name.casefold() == name.casefold()]
