"""The page of a form: as it is opened, and as it comes back with everything that was typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from fastapi import Request, Response

from api.http.caching import NO_STORE
from api.http.failures import Failure
from api.languages.quantities import exactly
from api.languages.texts import Texts
from api.web.failure_pages import failure_language, page_without_visit
from api.web.form_guard import form_token, keep_secret, secret_of_stranger
from api.web.form_posts import KEY, TOKEN, Fields, first, kept_fields, typed_in
from api.web.links import Place
from api.web.recording.amounts import quantity
from api.web.recording.binding import BoundForm, bind
from api.web.recording.complaints import Complaint
from api.web.recording.descriptions import RecordingForm
from api.web.recording.failures import Told, told
from api.web.recording.parts import Field as PartField
from api.web.recording.parts import Kind, Part
from api.web.recording.subject import Subject
from api.web.rendering import page
from api.web.signed_in import cookie_name
from api.web.stories import Story
from api.web.visits import Visit, place_of
from audit.envelope import Entry
from domain.obligations import Obligation, obligation

VERSION, BASE = "form_version", "form_base"
"""The hidden fields that say of which version of the pledge the sender was told, and which one the form was made of."""

MOST_NAMES = 500
"""How many organisations are proposed by name; where there are more, a name has to be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """What the page of a form shows.

    `since` is what was recorded after the form was opened and its sender has to know of; `failure` what kept it from
    being recorded. `is_fresh` says that nothing was typed yet, so that a draft may be put in.
    """

    form: RecordingForm
    bound: BoundForm
    action: str
    hidden: Sequence[tuple[str, str]]
    subject: Subject
    owed: Obligation | None = None
    proposed: Sequence[str] = ()
    since: Sequence[tuple[Entry, Story]] = ()
    failure: Told | None = None
    receipt: str = ""
    is_fresh: bool = False
    owner: str = ""


def opened(visit: Visit, form: RecordingForm, subject: Subject) -> Response:
    """The form as it is opened, filled in as far as the register knows."""
    version = str(subject.now.version) if subject.now else ""
    hidden = _hidden(visit.form_token, str(uuid4()), version, version)
    bound = bind(form.parts, form.filled(subject), subject, visit.texts)
    return _shown(visit, form, bound, hidden, subject, is_fresh=True)


def given_back(
    visit: Visit,
    form: RecordingForm,
    fields: Fields,
    subject: Subject,
    *,
    complaints: Sequence[Complaint] = (),
    more: str = "",
    status: int = 200,
    since: Sequence[tuple[Entry, Story]] = (),
    version: int | None = None,
    failure: Told | None = None,
    receipt: str = "",
) -> Response:
    """The form with everything that was typed.

    `more` names the rows to which another is added; `version` is the one of the pledge of which its sender is told now.
    With a `receipt`, that of what was recorded with the form's key before, the form has a key of its own from now on.
    """
    bound = bind(form.parts, fields, subject, visit.texts, complaints, more)
    now = str(subject.now.version) if subject.now else ""
    hidden = _hidden(
        visit.form_token,
        str(uuid4()) if receipt else _key(fields),
        str(version or first(fields, VERSION) or now),
        first(fields, BASE) or now,
    )
    return _shown(
        visit,
        form,
        bound,
        hidden,
        subject,
        status=status,
        since=since,
        failure=failure,
        receipt=receipt,
    )


def given_back_without_register(request: Request, form: RecordingForm, fields: Fields, failure: Failure) -> Response:
    """The form with everything that was typed, where the register cannot be asked: it may be what failed."""
    texts = failure_language(request)
    subject = Subject(today=date.max, organisation=None)
    secret = request.cookies.get(cookie_name(request))
    hidden = _hidden(form_token(secret) if secret else "", _key(fields), first(fields, VERSION), first(fields, BASE))
    shown = FormPage(
        form=form,
        bound=bind(form.parts, fields, subject, texts),
        action=place_of(request).here(),
        hidden=hidden,
        subject=subject,
        failure=told(failure, texts),
    )
    return page_without_visit(request, "recording/form.html", failure, shown=shown, **_words(texts))


def sign_in_page(request: Request, failure: Failure) -> Response:
    """What is shown where nobody is signed in (any more): the way in, which takes everything that was typed along."""
    secret = secret_of_stranger(request)
    answer = page_without_visit(
        request,
        "recording/sign_in_again.html",
        failure,
        kept=kept_fields(typed_in(request)),
        next=place_of(request).here(),
        token_of_form=form_token(secret),
    )
    keep_secret(request, answer, secret)
    return answer


def _shown(
    visit: Visit,
    form: RecordingForm,
    bound: BoundForm,
    hidden: Sequence[tuple[str, str]],
    subject: Subject,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    shown = FormPage(
        form=form,
        bound=bound,
        action=_action(visit.place, form, subject),
        hidden=hidden,
        subject=subject,
        owed=obligation(subject.now, subject.names, subject.today) if subject.now else None,
        proposed=_proposed(visit, form.parts),
        owner=str(visit.by.actor.organisation or visit.by.actor.role),
        **more,
    )
    return page(visit, "recording/form.html", status=status, shown=shown, headers=NO_STORE, **_words(visit.texts))


def _words(texts: Texts) -> dict[str, object]:
    """What the templates say amounts with."""
    return {
        "quantity": lambda amount, measure: quantity(texts, amount, measure),
        "exact": lambda number: exactly(texts, number),
    }


def _action(place: Place, form: RecordingForm, subject: Subject) -> str:
    return place.link(form.address(subject.now, subject.contribution), as_of=None, effective_on=None)


def _proposed(visit: Visit, parts: Iterable[Part]) -> Sequence[str]:
    if not any(_names_organisations(part) for part in parts):
        return ()
    found = visit.service.organisations.page(active=True, limit=MOST_NAMES)
    return (
        [] if found.next else [row.organisation.name for row in found.items if not _is_own(visit, row.organisation.id)]
    )


def _is_own(visit: Visit, organisation: UUID) -> bool:
    return organisation == visit.by.actor.organisation


def _names_organisations(part: Part) -> bool:
    if isinstance(part, PartField):
        return part.kind is Kind.ORGANISATION
    return any(_names_organisations(one) for one in getattr(part, "parts", ()))


def _hidden(token: str, key: str, version: str, base: str) -> Sequence[tuple[str, str]]:
    hidden = [(TOKEN, token), (KEY, key), (VERSION, version), (BASE, base)]
    return [(name, value) for name, value in hidden if value]


def _key(fields: Fields) -> str:
    """The key of the form as it was sent; a new one where that is none."""
    try:
        return str(UUID(first(fields, KEY)))
    except ValueError:
        return str(uuid4())
