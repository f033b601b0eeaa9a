"""Forms as browsers send them: bounded, sent from our own pages by whom they were made for, and never lost.

What was typed is kept beside the request as soon as it is read, so that whatever fails afterwards can give it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from api.http.failures import Failure
from api.http.problems import Problem
from api.languages.texts import message
from api.web.form_guard import is_token_of
from api.web.signed_in import Visitor
from application.access import NotAuthenticated

MEDIA_TYPE = "application/x-www-form-urlencoded"

LARGEST_FORM = 65_536
"""The most bytes that the names and the texts of a form may have, as a ledger entry cannot have more."""

LARGEST_BODY = 6 * LARGEST_FORM
"""The most bytes that are read of it: a form writes each byte of most alphabets as three, and twice as much as can be
recorded is read, so that it can be given back to be shortened."""

MOST_FIELDS = 1_000

TOKEN, KEY, KEPT = "form_token", "form_key", "kept"
"""The hidden fields of every form: whose session it was made for, which form it is, and that it is not to be recorded
yet but shown again as it is filled in."""

NOT_TYPED = frozenset({TOKEN, KEPT, "token", "next", "add"})
"""The fields that are no part of what somebody typed; `token` is a secret that is never shown again."""

OUR_OWN = frozenset({"same-origin", "none"})
"""What `Sec-Fetch-Site` says of a form of ours: that our page sent it, or that the visitor did by loading again."""

FROM_ANOTHER_SITE = Problem(
    name="form-from-another-site",
    status=HTTPStatus.FORBIDDEN,
    title=message("This form was not sent from a page of this register"),
    remedy=message("Nothing was recorded. Open the form here and fill it in here."),
)
FORM_OF_ANOTHER_SESSION = Problem(
    name="form-of-another-session",
    status=HTTPStatus.FORBIDDEN,
    title=message("This form was opened before you signed in as you are now"),
    remedy=message("Nothing was recorded. Check what you typed, and send it again."),
)
FORM_TOO_LARGE = Problem(
    name="form-too-large",
    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    title=message("The texts are longer than one record can be"),
    remedy=message("Nothing was recorded. Go back, shorten the texts, and link long documents as evidence."),
)
NOT_A_FORM = Problem(
    name="not-a-form",
    status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    title=message("This address takes forms as browsers send them"),
    remedy=message("Programs record at the addresses that /docs describes."),
)

Fields = Mapping[str, list[str]]
"""The values of each field, in the order in which they were sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedForm:
    """A form that was sent by the person for whom it was made, from our own page.

    `idempotency_key` names this one rendering of the form: sent twice, it is carried out once.
    """

    fields: Fields
    idempotency_key: str

    def value(self, name: str) -> str:
        """The first value of a field; empty where there is none."""
        return first(self.fields, name)


class FormRequest(Request):
    """A request whose body was read, within bounds, as a form; `state.typed` has its fields from then on."""

    async def read(self) -> None:
        """Read the body. Raises Failure where it is no form, or too large."""
        if (declared := self.headers.get("content-type", "").partition(";")[0].strip().lower()) != MEDIA_TYPE:
            raise Failure(NOT_A_FORM, f"The body is declared as {declared or 'nothing'}.")
        self._body = await self._bounded_body()
        try:
            sent = await self.form(max_fields=MOST_FIELDS, max_part_size=LARGEST_BODY)
        except HTTPException as fault:
            raise Failure(FORM_TOO_LARGE, f"{fault.detail}") from None
        fields: dict[str, list[str]] = {}
        for name, value in sent.multi_items():
            fields.setdefault(name, []).append(_with_plain_line_ends(str(value)))
        self.state.typed = fields

    async def _bounded_body(self) -> bytes:
        body = b""
        async for chunk in self.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise Failure(FORM_TOO_LARGE, f"The form has more than {LARGEST_BODY} bytes.")
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptForm(PostedForm):
    """A form that comes back from signing in: it is to be shown again as it is filled in, and never carried out.

    It has no token of this session; its key may be none.
    """


def submitted_form(request: Request, visitor: Visitor) -> PostedForm:
    """The form that was sent. Raises NotAuthenticated where the session is over, and Failure where it is not ours."""
    require_our_own(request)
    fields = typed_in(request)
    if not visitor.secret:
        raise NotAuthenticated
    form = PostedForm(fields=fields, idempotency_key=first(fields, KEY))
    if not is_token_of(first(fields, TOKEN), visitor.secret):
        raise Failure(FORM_OF_ANOTHER_SESSION, "The form is not one of this session.")
    if not _is_uuid(form.idempotency_key):
        raise Failure(FORM_OF_ANOTHER_SESSION, "The form has no key.")
    _require_one_record(fields)
    return form


def submitted_or_kept_form(request: Request, visitor: Visitor) -> PostedForm:
    """The same, or the form that was kept while its sender signed in. Raises as `submitted_form` does."""
    fields = typed_in(request)
    if first(fields, KEPT) != "1":
        return submitted_form(request, visitor)
    require_our_own(request)
    if not visitor.secret:
        raise NotAuthenticated
    return KeptForm(fields=fields, idempotency_key=first(fields, KEY))


def form_of_stranger(request: Request, secret: str | None) -> Fields:
    """The fields of a form that was made for the visitor with this secret, signed in or not. Raises Failure."""
    require_our_own(request)
    fields = typed_in(request)
    if not is_token_of(first(fields, TOKEN), secret):
        raise Failure(FROM_ANOTHER_SITE, "It was not made for this browser, or long ago.")
    return fields


def require_our_own(request: Request) -> None:
    """Refuse a form that another site sent, as far as the browser tells. Raises Failure.

    Some browsers call the origin of every form `null`; then the token alone tells.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = site in OUR_OWN if site else origin in (None, "null") or _host(origin) == request.headers.get("host")
    if site and origin not in (None, "null"):
        ours = ours and _host(origin) == request.headers.get("host")
    if not ours:
        request.state.typed = {}  # nobody typed this here
        raise Failure(FROM_ANOTHER_SITE, "Another site sent it.")


def typed_in(request: Request) -> Fields:
    """The fields of the form that a request brought, whatever has become of it since; none where it brought none."""
    fields: Fields = getattr(request.state, "typed", {})
    return fields


def sent_again(fields: Fields) -> list[tuple[str, str]]:
    """The same, with whose session the form was made for: to send it once more."""
    token = first(fields, TOKEN)
    return [*kept_fields(fields), *([(TOKEN, token)] if token and len(fields) > 1 else [])]


def kept_fields(fields: Fields) -> list[tuple[str, str]]:
    """What was typed, and which form it was typed in, for the hidden fields of another form."""
    return [(name, value) for name, values in fields.items() if name not in NOT_TYPED for value in values]


def _require_one_record(fields: Fields) -> None:
    size = sum(len(name.encode()) + len(value.encode()) for name, values in fields.items() for value in values)
    if size > LARGEST_FORM:
        raise Failure(FORM_TOO_LARGE, f"The form has {size} bytes of text, more than {LARGEST_FORM}.")


def _host(origin: str | None) -> str:
    try:
        return urlsplit(origin or "").netloc
    except ValueError:
        return ""


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _with_plain_line_ends(text: str) -> str:
    """Browsers send line ends as CR LF; the same text must be the same, however it came."""
    return text.replace("\r\n", "\n")


def first(fields: Fields, name: str) -> str:
    """The first value of a field; empty where there is none."""
    return next(iter(fields.get(name, ())), "")


SubmittedForm = Annotated[PostedForm, Depends(submitted_form)]
"""What a handler takes that carries a form out."""

SubmittedOrKeptForm = Annotated[PostedForm, Depends(submitted_or_kept_form)]
"""What a handler takes that can also show a form again: it must look whether it is a `KeptForm`."""
