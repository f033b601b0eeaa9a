"""Every problem this service answers with, and the one table from what the domain refuses to a status.

What the state of the register does not allow is a conflict (409), what is said wrongly is unprocessable (422),
and what the address names and nobody knows is not found (404).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from types import MappingProxyType

from domain import refusals
from domain.refusals import Refused

NOT_FOUND, CONFLICT, UNPROCESSABLE = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY

REFUSALS: Mapping[type[Refused], HTTPStatus] = MappingProxyType(
    {
        refusals.AlreadyAnnounced: CONFLICT,
        refusals.AlreadyCorrected: CONFLICT,
        refusals.AlreadyDecided: CONFLICT,
        refusals.AlreadyFulfilled: CONFLICT,
        refusals.AlreadyRegistered: CONFLICT,
        refusals.AlreadyVerified: CONFLICT,
        refusals.BeforeAnnouncement: UNPROCESSABLE,
        refusals.BelowDelivered: CONFLICT,
        refusals.ContradictoryRegion: UNPROCESSABLE,
        refusals.ContributionAlreadyRecorded: CONFLICT,
        refusals.DateInFuture: UNPROCESSABLE,
        refusals.DuplicatePartners: UNPROCESSABLE,
        refusals.DuplicateTargets: UNPROCESSABLE,
        refusals.EndBeforeStart: UNPROCESSABLE,
        refusals.ExchangeRateMissing: UNPROCESSABLE,
        refusals.MeasureMismatch: UNPROCESSABLE,
        refusals.NameUnchanged: CONFLICT,
        refusals.NotPositive: UNPROCESSABLE,
        refusals.NothingAmended: CONFLICT,
        refusals.NothingDelivered: UNPROCESSABLE,
        refusals.NothingFalls: CONFLICT,
        refusals.NothingRises: CONFLICT,
        refusals.OrganisationDeactivated: CONFLICT,
        refusals.OrganisationInactive: CONFLICT,
        refusals.PeriodOverlaps: CONFLICT,
        refusals.PillarOutsideFocusArea: UNPROCESSABLE,
        refusals.PledgeClosed: CONFLICT,
        refusals.SharesDoNotSum: UNPROCESSABLE,
        refusals.SupersedesItself: UNPROCESSABLE,
        refusals.TargetsNotMet: CONFLICT,
        refusals.TooLarge: UNPROCESSABLE,
        refusals.UnacceptableAmount: UNPROCESSABLE,
        refusals.UnacceptableText: UNPROCESSABLE,
        refusals.UnknownCodes: UNPROCESSABLE,
        refusals.UnknownContribution: NOT_FOUND,
        refusals.UnknownOrganisation: NOT_FOUND,
        refusals.UnknownPledge: NOT_FOUND,
        refusals.UnknownSnapshot: NOT_FOUND,
        refusals.UnknownTarget: UNPROCESSABLE,
    }
)


def status_of(refusal: Refused) -> HTTPStatus:
    """The status of a refusal; what a field of the body names and nobody knows is said wrongly, not missing."""
    status = REFUSALS[type(refusal)]
    return UNPROCESSABLE if status == NOT_FOUND and refusal.field else status


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A kind of problem: its name for programs, its title and meaning for people, and what to do about it."""

    name: str
    status: HTTPStatus
    title: str
    remedy: str

    @property
    def type(self) -> str:
        """Its address at this service, where it is explained."""
        return f"/problems/{self.name}"


_REMEDIES = {
    CONFLICT: "Read the present state, then decide again; the problem document's `remedy` says what is possible.",
    UNPROCESSABLE: "Put right what `errors` names and send it again; the problem document's `remedy` says how.",
    NOT_FOUND: "Check the address; the lists of this service name what there is.",
}


def _refused(refusal: type[Refused]) -> Problem:
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", refusal.__name__).lower()
    title = (refusal.__doc__ or name).strip().splitlines()[0].rstrip(".")
    status = REFUSALS[refusal]
    return Problem(name=name, status=status, title=title, remedy=_REMEDIES[status])


MALFORMED_JSON = Problem(
    name="malformed-json",
    status=HTTPStatus.BAD_REQUEST,
    title="The body is not JSON as everybody reads it",
    remedy="Send one JSON value in UTF-8, each name once, no NaN and no unpaired surrogates.",
)
MALFORMED_HEADER = Problem(
    name="malformed-header",
    status=HTTPStatus.BAD_REQUEST,
    title="A header does not have its form",
    remedy="Give the header in the form that its description in /openapi.json shows.",
)
BAD_REQUEST = Problem(
    name="bad-request",
    status=HTTPStatus.BAD_REQUEST,
    title="The request cannot be read",
    remedy="Check the request against /openapi.json.",
)
NOT_AUTHENTICATED = Problem(
    name="not-authenticated",
    status=HTTPStatus.UNAUTHORIZED,
    title="A valid token is needed",
    remedy="Send `Authorization: Bearer <token>` with a token that is neither expired nor revoked; "
    "an administrator issues one, or the OpenID Connect issuer that the service trusts.",
)
NOT_PERMITTED = Problem(
    name="not-permitted",
    status=HTTPStatus.FORBIDDEN,
    title="The token does not allow this",
    remedy="Use a token whose role, scopes and organisation allow it.",
)
UNSUITABLE_TOKEN = Problem(
    name="unsuitable-token",
    status=UNPROCESSABLE,
    title="No token can be like this",
    remedy="Give an organisation for a stakeholder and for nobody else, scopes that the role has, a day to come.",
)
NO_SUCH_TOKEN = Problem(
    name="no-such-token",
    status=NOT_FOUND,
    title="There is no such token",
    remedy="`GET /v1/tokens` lists all of them.",
)
UNSUITABLE_WEBHOOK = Problem(
    name="unsuitable-webhook",
    status=UNPROCESSABLE,
    title="No webhook can be like this",
    remedy="Put right what `errors` names: an https address of the internet, and types of events that there are.",
)
NO_SUCH_WEBHOOK = Problem(
    name="no-such-webhook",
    status=NOT_FOUND,
    title="You have no such webhook",
    remedy="`GET /v1/webhooks` lists those of your organisation or role.",
)
NO_SUCH_DELIVERY = Problem(
    name="no-such-delivery",
    status=NOT_FOUND,
    title="The webhook has no such message",
    remedy="`GET /v1/webhooks/{webhook}/deliveries` lists those of the last thirty days.",
)
TOO_MANY_WEBHOOKS = Problem(
    name="too-many-webhooks",
    status=CONFLICT,
    title="There are as many webhooks as one may have",
    remedy="Remove one, or change one: a webhook can have all types of events.",
)
WEBHOOK_DISABLED = Problem(
    name="webhook-disabled",
    status=CONFLICT,
    title="The webhook is disabled",
    remedy='Put its endpoint right, then send `{"enabled": true}` to it with PATCH.',
)
NO_SUCH_ADDRESS = Problem(
    name="no-such-address",
    status=NOT_FOUND,
    title="There is nothing at this address",
    remedy="The addresses are listed in /openapi.json.",
)
NO_SUCH_ENTRY = Problem(
    name="no-such-entry",
    status=NOT_FOUND,
    title="There is no such entry in the ledger",
    remedy="The history of a pledge names the positions of its entries.",
)
NOT_SIGNED = Problem(
    name="not-signed",
    status=NOT_FOUND,
    title="No checkpoint has this, or not yet",
    remedy="What is recorded is signed within a second or two: ask again then. /v1/ledger/checkpoints lists all sizes.",
)
UNKNOWN_VERSION = Problem(
    name="unknown-version",
    status=NOT_FOUND,
    title="The pledge has no such version",
    remedy="Its history lists its versions.",
)
METHOD_NOT_ALLOWED = Problem(
    name="method-not-allowed",
    status=HTTPStatus.METHOD_NOT_ALLOWED,
    title="The address does not take this method",
    remedy="The `Allow` header names the methods it takes.",
)
VERSION_MISMATCH = Problem(
    name="version-mismatch",
    status=HTTPStatus.PRECONDITION_FAILED,
    title="Somebody changed it in the meantime",
    remedy="Read the current state, and send the command again with its `ETag` in `If-Match` if it is still wanted.",
)
BODY_TOO_LARGE = Problem(
    name="body-too-large",
    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    title="The body is larger than 64 KiB",
    remedy="Shorten the texts; link long documents as evidence.",
)
UNSUPPORTED_CONTENT_TYPE = Problem(
    name="unsupported-content-type",
    status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    title="The body is not declared as JSON",
    remedy="Send JSON with `Content-Type: application/json`.",
)
SIGN_IN_REFUSED = Problem(
    name="sign-in-refused",
    status=HTTPStatus.FORBIDDEN,
    title="Nobody was signed in",
    remedy="Begin again; where that does not help, ask whoever runs the issuer, or sign in with a token.",
)
INVALID_REQUEST = Problem(
    name="invalid-request",
    status=UNPROCESSABLE,
    title="Something in the request is wrong",
    remedy="Put right every field that `errors` names, and send it again.",
)
INVALID_CURSOR = Problem(
    name="invalid-cursor",
    status=UNPROCESSABLE,
    title="The cursor is not one this service gave for this list",
    remedy="Follow the `next` link as it is, or start again without a cursor.",
)
IDEMPOTENCY_KEY_REUSED = Problem(
    name="idempotency-key-reused",
    status=UNPROCESSABLE,
    title="The idempotency key was used before, for another command",
    remedy="Use a new key for a new command; repeat a command unchanged.",
)
RATE_PUBLISHED_BEFORE = Problem(
    name="rate-published-before",
    status=CONFLICT,
    title="A rate of the month was published before, with another figure or source",
    remedy="A published rate stays, since recorded money was reckoned with it; publish the others without it.",
)
POSITION_BEYOND_LEDGER = Problem(
    name="position-beyond-ledger",
    status=UNPROCESSABLE,
    title="The ledger has no such position yet",
    remedy="Ask about a position that this service gave.",
)
MOMENT_NOT_OVER = Problem(
    name="moment-not-over",
    status=UNPROCESSABLE,
    title="The moment has not come yet",
    remedy="Ask about a moment that is past, or leave `as_of` out for what the register says now.",
)
TWO_MOMENTS = Problem(
    name="two-moments",
    status=UNPROCESSABLE,
    title="Two moments were asked about at once",
    remedy="Give a version, or a cursor, or `as_of` and `effective_on`.",
)
NOT_ACCEPTABLE = Problem(
    name="not-acceptable",
    status=HTTPStatus.NOT_ACCEPTABLE,
    title="The answer has none of the forms asked for",
    remedy="Send an `Accept` header with a form that the description at /openapi.json lists, or none.",
)
NO_LETTERS = Problem(
    name="no-letters-for-language",
    status=HTTPStatus.NOT_ACCEPTABLE,
    title="The PDF's font lacks the letters of the language",
    remedy="Ask for the report as a page, `/v1/reports/progress.html`, or for the PDF in another language.",
)
TOO_MANY_REQUESTS = Problem(
    name="too-many-requests",
    status=HTTPStatus.TOO_MANY_REQUESTS,
    title="Too many requests came in a short time",
    remedy="Wait for as many seconds as `Retry-After` says, and send less at once.",
)
OVERLOADED = Problem(
    name="overloaded",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="The service has more to do than it can",
    remedy="Send it again after the time in `Retry-After`, with the same `Idempotency-Key`.",
)
TOO_MANY_STREAMS = Problem(
    name="too-many-streams",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="No more streams can be open at once",
    remedy="Close a stream that is not needed, share one among several readers, or come again after `Retry-After`; "
    "`GET /v1/feed.atom` tells the same to whoever asks now and then.",
)
HEADERS_TOO_LARGE = Problem(
    name="headers-too-large",
    status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    title="Address and headers are larger than 32 KiB",
    remedy="Send a shorter address and fewer headers.",
)
REQUEST_INCOMPLETE = Problem(
    name="request-incomplete",
    status=HTTPStatus.REQUEST_TIMEOUT,
    title="The request did not come whole in time",
    remedy="Send it again, all of it at once.",
)
VIEW_BEHIND = Problem(
    name="view-behind",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="The view has not caught up with the position asked for",
    remedy="Ask again after the time in `Retry-After`.",
)
LEDGER_BUSY = Problem(
    name="ledger-busy",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="No turn came in time",
    remedy="Send it again after the time in `Retry-After`, with the same `Idempotency-Key`.",
)
LEDGER_ROLLED_BACK = Problem(
    name="ledger-rolled-back",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="The ledger lacks entries that were signed",
    remedy="Read on; nothing is recorded until the operator has restored a newer backup. `p2c doctor` says more.",
)
DATABASE_AWAY = Problem(
    name="database-away",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="The database does not answer",
    remedy="Send it again after the time in `Retry-After`, with the same `Idempotency-Key`.",
)
DISK_FULL = Problem(
    name="disk-full",
    status=HTTPStatus.INSUFFICIENT_STORAGE,
    title="The database has no room left to write to",
    remedy="Send it again later, with the same `Idempotency-Key`; the operator has to make room, and reading goes on.",
)
ISSUER_AWAY = Problem(
    name="issuer-away",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="The issuer of the token does not answer",
    remedy="Send it again after the time in `Retry-After`, with the same token and `Idempotency-Key`.",
)
NOT_READY = Problem(
    name="not-ready",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="The service is not ready",
    remedy="`errors` names what is wrong; `p2c doctor` says more.",
)
INTERNAL_ERROR = Problem(
    name="internal-error",
    status=HTTPStatus.INTERNAL_SERVER_ERROR,
    title="The service failed",
    remedy="Send it again with the same `Idempotency-Key`; if it stays, tell the operator the `request_id`.",
)

OF_REFUSALS: Mapping[type[Refused], Problem] = MappingProxyType({refusal: _refused(refusal) for refusal in REFUSALS})


def named_in_body(refusal: type[Refused]) -> Problem:
    """The problem of naming in the body, not the address, what nobody knows."""
    return replace(OF_REFUSALS[refusal], status=UNPROCESSABLE)


PROBLEMS: Mapping[str, Problem] = MappingProxyType(
    {
        problem.name: problem
        for problem in (
            *OF_REFUSALS.values(),
            MALFORMED_JSON,
            MALFORMED_HEADER,
            BAD_REQUEST,
            SIGN_IN_REFUSED,
            NOT_AUTHENTICATED,
            NOT_PERMITTED,
            UNSUITABLE_TOKEN,
            NO_SUCH_TOKEN,
            UNSUITABLE_WEBHOOK,
            NO_SUCH_WEBHOOK,
            NO_SUCH_DELIVERY,
            TOO_MANY_WEBHOOKS,
            WEBHOOK_DISABLED,
            NO_SUCH_ADDRESS,
            NO_SUCH_ENTRY,
            NOT_SIGNED,
            UNKNOWN_VERSION,
            METHOD_NOT_ALLOWED,
            VERSION_MISMATCH,
            BODY_TOO_LARGE,
            UNSUPPORTED_CONTENT_TYPE,
            INVALID_REQUEST,
            INVALID_CURSOR,
            IDEMPOTENCY_KEY_REUSED,
            RATE_PUBLISHED_BEFORE,
            POSITION_BEYOND_LEDGER,
            MOMENT_NOT_OVER,
            TWO_MOMENTS,
            NOT_ACCEPTABLE,
            NO_LETTERS,
            TOO_MANY_REQUESTS,
            OVERLOADED,
            TOO_MANY_STREAMS,
            HEADERS_TOO_LARGE,
            REQUEST_INCOMPLETE,
            VIEW_BEHIND,
            LEDGER_BUSY,
            LEDGER_ROLLED_BACK,
            DATABASE_AWAY,
            DISK_FULL,
            ISSUER_AWAY,
            NOT_READY,
            INTERNAL_ERROR,
        )
    }
)
"""Every kind of problem by name."""
