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
    """The form as it is shown: a key of its own, what was typed, and what is wrong with that."""

    key: str
    title: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Publications:
    """Some published snapshots, the newest first; `before` leads to older ones, if there are any."""

    items: Sequence[PublishedSnapshot]
    before: int | None


class NotPublished(Exception):
    """What was sent cannot be published; the form says why."""

    def __init__(self, form: PublishForm) -> None:
        super().__init__(form.error)
        self.form = form


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

    Raises NotPublished for a title that will not do, and what `Commands.publish` raises besides refusals.
    """
    body = _body(visit, fields, key)

    def take() -> Document:
        at = visit.service.register.resolve(as_of_of(body.as_of), body.effective_on)
        return visit.service.snapshots.take(at, body.division())

    request = Request(
        actor=visit.by.actor,
        scopes=visit.by.scopes,
        idempotency_key=key,
        fingerprint=sha256(canonical(body.model_dump(mode="json"))).digest(),
    )
    try:
        return visit.service.commands.publish(Publish(title=body.title), take, request).state.id
    except Refused as refused:
        raise NotPublished(
            PublishForm(key=key, title=body.title, error=f"{refused.message} {refused.remedy}")
        ) from refused


def _body(visit: Visit, fields: Mapping[str, Sequence[str]], key: str) -> PublicationBody:
    """What is to be published. Raises NotPublished for what was typed, RequestValidationError for what was not."""
    given = {name: next(iter(values), "") for name, values in fields.items()}
    title = given.get("title", "").strip()
    if not title:
        raise NotPublished(PublishForm(key=key, error=visit.texts.say("Give the snapshot a title.")))
    stated = {name: given[name] for name in ("as_of", "effective_on", "attribution") if given.get(name)}
    try:
        return PublicationBody.model_validate({**stated, "title": title, "group_by": fields.get("group_by", ())})
    except ValidationError as invalid:
        about_title = [error["msg"] for error in invalid.errors() if error["loc"][:1] == ("title",)]
        if not about_title:
            raise RequestValidationError(invalid.errors()) from invalid
        raise NotPublished(PublishForm(key=key, title=title, error=" ".join(about_title))) from invalid
