"""The forms by which people record, and the receipts that they get."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from api.http import problems
from api.http.caching import NO_STORE
from api.http.failures import Failure
from api.http.paths import ContributionId, Reference
from api.http.statements import Body
from api.web.form_posts import KeptForm, PostedForm, SubmittedOrKeptForm
from api.web.recording.access import FORMS
from api.web.recording.carrying_out import Overtaken, Sending, carry_out
from api.web.recording.complaints import Complaint, invalid, refused, unread
from api.web.recording.descriptions import RecordingForm
from api.web.recording.documents import Document, Reading, read
from api.web.recording.failures import told
from api.web.recording.form_pages import BASE, VERSION, given_back, opened
from api.web.recording.form_route import FormRoute
from api.web.recording.receipts import receipt_of
from api.web.recording.subject import Subject
from api.web.recording.subjects import require_counted, subject_of
from api.web.rendering import page
from api.web.stories import lived, story
from api.web.visits import Visit, Visits
from application.access import NotAuthenticated
from application.commands import IdempotencyKeyReused
from domain.refusals import Refused

router = APIRouter(include_in_schema=False, route_class=FormRoute)

RECEIPTS = "/record/receipts"
UNPROCESSABLE, OUTDATED, CONFLICT = 422, 412, 409


def receipt_address(key: str) -> str:
    """Where the receipt of the form with a key is."""
    return f"{RECEIPTS}/{key}"


@router.get(receipt_address("{key}"))
def get_receipt(visit: Visits, key: str) -> Response:
    """What a form caused. It is there for whoever acts for the same organisation, or in the same role."""
    if not visit.visitor.is_known:
        raise NotAuthenticated
    found = receipt_of(visit.service, visit.by, key, visit.texts)
    if found is None:
        raise Failure(problems.NO_SUCH_ADDRESS, "Nothing was recorded under this key.")
    return page(visit, "recording/receipt.html", receipt=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """One form: how it is opened, and what becomes of it when it is sent."""

    form: RecordingForm

    def open(self, visit: Visit, reference: str | None = None, contribution: str | None = None) -> Response:
        """The form to fill in."""
        if visit.pinned:  # what can be recorded is a question about now
            return RedirectResponse(visit.place.here(as_of=None, effective_on=None), status_code=303)
        subject = subject_of(visit, self.form, reference, contribution)
        require_counted(subject)
        if not self.form.is_possible(subject):
            return page(visit, "recording/impossible.html", status=CONFLICT, form=self.form, subject=subject)
        return opened(visit, self.form, subject)

    def record(
        self, visit: Visit, posted: PostedForm, reference: str | None = None, contribution: str | None = None
    ) -> Response:
        """Record what the form says, or show it again with what is wrong, or with what its sender has to know of."""
        seen = _version(posted, BASE) or _version(posted, VERSION)
        subject = subject_of(visit, self.form, reference, contribution, seen)
        if isinstance(posted, KeptForm) or posted.value("add"):
            return given_back(visit, self.form, posted.fields, subject, more=posted.value("add"))
        reading = read(self.form.parts, posted.fields, subject)
        document = self.form.completed(reading.document, subject)
        try:
            body = self.form.body.model_validate(document)
        except ValidationError as fault:
            return self._wrong(visit, posted, subject, unread(reading) + invalid(fault, reading))
        if complaints := unread(reading):
            return self._wrong(visit, posted, subject, complaints)
        return self._sent(visit, posted, subject, reading, document, body)

    def _sent(
        self, visit: Visit, posted: PostedForm, subject: Subject, reading: Reading, document: Document, body: Body
    ) -> Response:
        sending = Sending(
            by=visit.by,
            key=posted.idempotency_key,
            path=self.form.address(subject.now, subject.contribution),
            document=document,
            told=min(_version(posted, VERSION) or 1, subject.now.version) if subject.now else 0,
        )
        command = self.form.command(body, subject.contribution)
        try:
            overtaken = carry_out(visit.service.commands, visit.service.ledger, self.form, subject, command, sending)
        except Refused as refusal:
            return self._wrong(visit, posted, subject, refused(refusal, reading))
        except IdempotencyKeyReused as reused:
            return self._recorded_before(visit, posted, subject, reused)
        if overtaken:
            return self._overtaken(visit, posted, subject, overtaken)
        address = visit.place.link(receipt_address(posted.idempotency_key), as_of=None, effective_on=None)
        return RedirectResponse(address, status_code=303, headers=NO_STORE)

    def _wrong(self, visit: Visit, posted: PostedForm, subject: Subject, complaints: list[Complaint]) -> Response:
        return given_back(visit, self.form, posted.fields, subject, complaints=complaints, status=UNPROCESSABLE)

    def _overtaken(self, visit: Visit, posted: PostedForm, subject: Subject, overtaken: Overtaken) -> Response:
        first = overtaken.entries[0].event
        before = visit.service.ledger.pledge(first.originator_id, first.originator_version - 1)
        return given_back(
            visit,
            self.form,
            posted.fields,
            subject,
            status=OUTDATED,
            since=[
                (entry, story(entry.event, known, visit.texts)) for entry, known in lived(overtaken.entries, before)
            ],
            version=overtaken.version,
        )

    def _recorded_before(
        self, visit: Visit, posted: PostedForm, subject: Subject, reused: IdempotencyKeyReused
    ) -> Response:
        """The key is that of a record with other words: the form is offered anew, with a key of its own."""
        receipt = visit.service.commands.receipt(visit.by, posted.idempotency_key)
        return given_back(
            visit,
            self.form,
            posted.fields,
            subject,
            status=CONFLICT,
            failure=told(Failure(problems.IDEMPOTENCY_KEY_REUSED, str(reused)), visit.texts),
            version=receipt.last_version if receipt and subject.now else None,
            receipt=receipt_address(posted.idempotency_key),
        )


def _version(posted: PostedForm, name: str) -> int | None:
    text = posted.value(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _add_new(form: _Form, path: str) -> None:
    @router.get(path)
    def show(visit: Visits) -> Response:
        return form.open(visit)

    @router.post(path)
    def record(visit: Visits, posted: SubmittedOrKeptForm) -> Response:
        return form.record(visit, posted)


def _add_of_pledge(form: _Form, path: str) -> None:
    @router.get(path)
    def show(visit: Visits, reference: Reference) -> Response:
        return form.open(visit, reference)

    @router.post(path)
    def record(visit: Visits, posted: SubmittedOrKeptForm, reference: Reference) -> Response:
        return form.record(visit, posted, reference)


def _add_of_contribution(form: _Form, path: str) -> None:
    @router.get(path)
    def show(visit: Visits, reference: Reference, contribution: ContributionId) -> Response:
        return form.open(visit, reference, contribution)

    @router.post(path)
    def record(
        visit: Visits, posted: SubmittedOrKeptForm, reference: Reference, contribution: ContributionId
    ) -> Response:
        return form.record(visit, posted, reference, contribution)


for described in FORMS:
    if described.of_contribution:
        _add_of_contribution(_Form(form=described), described.path)
    elif described.of_pledge:
        _add_of_pledge(_Form(form=described), described.path)
    else:
        _add_new(_Form(form=described), described.path)
