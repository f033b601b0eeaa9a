"""Publishing a snapshot with a form, and the list of those that were published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.http.moments import as_of_of
from api.http.publication_bodies import PublicationBody
from api.languages.texts import SOURCE
from api.web.visits import Visit
from application.commands import Request
from audit.canonical import canonical
from audit.snapshot import Document
from domain.publication import Publish
from domain.refusals import Refused
from infrastructure.bootstrap import Service
from infrastructure.publications import PublishedSnapshot

LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishForm:
    """The form as it is shown: a key of its own, what was typed, and what is wrong with that, in which language."""

    key: str
    title: str = ""
    error: str | None = None
    error_language: str | None = None


@dataclass(frozen=True, slots=True)
class Publications:
    """Some published snapshots, the newest first; `before` leads to older ones, if there are any."""

    items: Sequence[PublishedSnapshot]
    before: int | None


class NotPublished(Exception):
    """The title that was typed will not do: the form says why, `moment_asked` which snapshot it is for."""

    def __init__(self, form: PublishForm, moment_asked: PublicationBody) -> None:
        super().__init__(form.error)
        self.form = form
        self.moment_asked = moment_asked


def new_form() -> PublishForm:
    """An empty form; sent twice, it publishes once."""
    return PublishForm(key=uuid4().hex)


def publications(service: Service, before: int | None) -> Publications:
    """The newest published snapshots, or those published before a position."""
    found = service.publications.newest(LISTED + 1, before)
    shown = found[:LISTED]
    return Publications(shown, shown[-1].entry.position if len(found) > len(shown) else None)


def publish(visit: Visit, fields: Mapping[str, Sequence[str]], key: str) -> UUID:
    """Publish the snapshot that the fields of a form name; the id of the publication.

    Raises NotPublished for a title that will not do, RequestValidationError for what nobody typed, and what
    `Commands.publish` raises besides refusals.
    """
    title, body = next(iter(fields.get("title", ())), "").strip(), _moment_asked(fields)

    def take() -> Document:
        at = visit.service.register.resolve(as_of_of(body.as_of), body.effective_on)
        return visit.service.snapshots.take(at, body.division())

    asked = {**body.model_dump(mode="json"), "title": title}
    request = Request(
        actor=visit.by.actor,
        scopes=visit.by.scopes,
        idempotency_key=key,
        fingerprint=sha256(canonical(asked)).digest(),
    )
    try:
        if not title:
            said = visit.texts.say("Give the snapshot a title.")
            raise _not_published(said, title, key, body, visit.texts.language)
        command = Publish(title=PublicationBody.model_validate(asked).title)
        return visit.service.commands.publish(command, take, request).state.id
    except ValidationError as invalid:
        raise _not_published(" ".join(error["msg"] for error in invalid.errors()), title, key, body) from invalid
    except Refused as refused:
        raise _not_published(f"{refused.message} {refused.remedy}", title, key, body) from refused


def _moment_asked(fields: Mapping[str, Sequence[str]]) -> PublicationBody:
    """Which snapshot is to be published: that comes with the form. Raises RequestValidationError."""
    given = {name: fields[name][0] for name in ("as_of", "effective_on", "attribution") if fields.get(name)}
    try:
        return PublicationBody.model_validate({**given, "title": "untitled", "group_by": fields.get("group_by", ())})
    except ValidationError as invalid:
        raise RequestValidationError(invalid.errors()) from invalid


def _not_published(error: str, title: str, key: str, body: PublicationBody, language: str = SOURCE) -> NotPublished:
    """Why it was not published; the words of the domain are in English."""
    return NotPublished(PublishForm(key=key, title=title, error=error, error_language=language), body)
