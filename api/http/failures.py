"""From what went wrong to the problem document that says so (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import Scope

from api.http import problems
from api.http.clients import who
from api.http.methods import allowed
from api.http.problems import Problem
from api.http.statements import TAGS
from api.languages.texts import message
from api.reports.pdf import NoLettersForLanguage
from application.access import NotAuthenticated, NotPermitted
from application.commands import IdempotencyKeyReused, VersionMismatch
from application.ledger import LedgerBusy, LedgerRolledBack, TokenWorthless
from application.moments import MomentNotOver, PositionAhead, ViewsBehind
from domain.refusals import Refused, UnknownCodes
from infrastructure.database import DISK_FULL, UNAVAILABLE
from infrastructure.oidc.refusals import InvalidToken, IssuerAway, SignInRefused
from projections.database import BeingBuilt
from projections.pinning import PositionNotReached

log = structlog.get_logger("p2c.http")

RETRY_AFTER = {"Retry-After": "1"}
ROOM_AFTER_SECONDS, RESTORED_AFTER_SECONDS = "30", "300"
"""When to come again where somebody has to make room, or to restore what is lost, first."""

LOGGED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
"""What the operator wants to know of: somebody tries what is not theirs, or too much."""

BEARER, INVALID_TOKEN = "Bearer", 'Bearer error="invalid_token"'
"""What `WWW-Authenticate` says: that a token is needed, or that the one sent is none (RFC 6750)."""

MOST_ERRORS = 100
"""More would only repeat a body that is nothing like the one wanted."""


class FieldError(BaseModel):
    """What is wrong with one part of the request."""

    field: str = Field(description="JSON pointer into the body, or the name of a parameter or header")
    detail: str


class ProblemDocument(BaseModel):
    """A problem as RFC 9457 describes it."""

    type: str = Field(description="address of the explanation, relative to this service")
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = []
    remedy: str
    request_id: str | None = None


class Failure(Exception):
    """A request that is answered with a problem; `turned_away` says by which limit, where it was one."""

    def __init__(
        self,
        problem: Problem,
        detail: str,
        *,
        status: HTTPStatus | None = None,
        remedy: str | None = None,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        turned_away: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
        self.status = status or problem.status
        self.remedy = remedy or problem.remedy
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.turned_away = turned_away


def respond(failure: Failure, instance: str, request_id: str | None) -> Response:
    """The answer that says what went wrong."""
    document = ProblemDocument(
        type=failure.problem.type,
        title=failure.problem.title,
        status=int(failure.status),
        detail=failure.detail,
        instance=instance,
        errors=failure.errors,
        remedy=failure.remedy,
        request_id=request_id,
    )
    headers = {"Cache-Control": "no-store", **failure.headers}
    return Response(
        document.model_dump_json(exclude_none=True),
        status_code=int(failure.status),
        headers=headers,
        media_type="application/problem+json",
    )


def refusal(scope: Scope, failure: Failure) -> Response:
    """The same, once the log and the metrics know of it where they should."""
    note(scope, failure)
    return respond(failure, scope["path"], scope["state"].get("request_id"))


def note(scope: Scope, failure: Failure) -> None:
    """Let the log and the metrics know of a refusal, where they should."""
    if failure.turned_away:
        scope["state"]["turned_away"] = failure.turned_away
    if failure.status in LOGGED:
        log.warning("refused", problem=failure.problem.name, reason=failure.detail, path=scope["path"], **who(scope))


def internal_error() -> Failure:
    """What is said of a fault of ours: nothing but that it is one."""
    return Failure(problems.INTERNAL_ERROR, message("The service failed while answering; the fault has been logged."))


def handle_failures(app: FastAPI) -> None:
    """Let every exception that means something to a client be answered with its problem."""

    async def handle(request: Request, failed: Exception) -> Response:
        return refusal(request.scope, explained(failed) or internal_error())

    for meant in _MEANINGS:
        app.add_exception_handler(meant, handle)
    app.add_exception_handler(HTTPStatus.METHOD_NOT_ALLOWED, _method_not_allowed)


def explained(failed: Exception) -> Failure | None:
    """What an exception means to a client; None where it is a fault of ours."""
    for kind in type(failed).__mro__:
        if explain := _MEANINGS.get(kind):
            return explain(failed)
    return None


def _refusal(refusal: Refused) -> Failure:
    return Failure(
        problems.OF_REFUSALS[type(refusal)],
        refusal.message,
        status=problems.status_of(refusal),
        remedy=refusal.remedy,
        errors=_refused_fields(refusal),
    )


def _refused_fields(refusal: Refused) -> list[FieldError]:
    if isinstance(refusal, UnknownCodes):
        return [
            FieldError(field=pointer_to(field), detail=f"Not known: {', '.join(codes)}.")
            for field, codes in refusal.codes.items()
        ]
    return [FieldError(field=pointer_to(refusal.field), detail=refusal.message)] if refusal.field else []


def pointer_to(field: str) -> str:
    """The JSON pointer to a field of the command, as the domain names it, in the body it came in."""
    steps = [step for step in field.split(".") if step]
    if steps and steps[0] == "changes":  # an amendment states its changes beside its reason
        steps = steps[1:]
    return pointer(steps)


def pointer(steps: Sequence[str | int]) -> str:
    """The steps as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def unauthenticated(detail: str, challenge: str = BEARER) -> Failure:
    """What is answered to whom nobody knows."""
    return Failure(problems.NOT_AUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


def _version_mismatch(mismatch: VersionMismatch) -> Failure:
    return Failure(
        problems.VERSION_MISMATCH,
        f"`If-Match` does not name the current version, which is {mismatch.current}.",
        headers={"ETag": f'"{mismatch.current}"'},
    )


def _key_reused(_: IdempotencyKeyReused) -> Failure:
    return Failure(problems.IDEMPOTENCY_KEY_REUSED, "This `Idempotency-Key` came before with another address or body.")


def _invalid_token(invalid: InvalidToken) -> Failure:
    return unauthenticated(f"The token is not valid: {invalid}.", INVALID_TOKEN)


def token_worthless() -> Failure:
    """What is answered to a token that is not, or no longer, worth anything."""
    return unauthenticated("The token is not known, has expired or was revoked.", INVALID_TOKEN)


def _issuer_away(away: IssuerAway) -> Failure:
    detail = message("The token cannot be checked, because its issuer does not answer.")
    return Failure(problems.ISSUER_AWAY, detail, headers={"Retry-After": str(away.retry_after)})


def _ledger_busy(busy: LedgerBusy) -> Failure:
    return Failure(problems.LEDGER_BUSY, f"Nothing is known to be recorded: {busy}.", headers=RETRY_AFTER)


def _ledger_rolled_back(lacking: LedgerRolledBack) -> Failure:
    log.error("the ledger lacks entries that were signed", error=str(lacking))
    headers = {"Retry-After": RESTORED_AFTER_SECONDS}
    return Failure(problems.LEDGER_ROLLED_BACK, f"Nothing is recorded: {lacking}.", headers=headers)


def _database_away(failed: Exception) -> Failure:
    log.warning("the database does not answer", error=str(failed))
    return Failure(problems.DATABASE_AWAY, message("The database did not answer in time."), headers=RETRY_AFTER)


def _disk_full(failed: Exception) -> Failure:
    log.error("the database has no room left to write to", error=str(failed))
    detail = message("The database's disk is full; nothing is recorded by this attempt.")
    return Failure(problems.DISK_FULL, detail, headers={"Retry-After": ROOM_AFTER_SECONDS})


def _http(raised: HTTPException) -> Failure:
    by_status: Mapping[int, tuple[Problem, str]] = {
        404: (problems.NO_SUCH_ADDRESS, message("This service has nothing at this address.")),
    }
    problem, detail = by_status.get(raised.status_code, (problems.BAD_REQUEST, message("The request cannot be read.")))
    return Failure(problem, detail, headers=raised.headers)


async def _method_not_allowed(request: Request, _: Exception) -> Response:
    # The framework knows only the methods of the first resource at the address.
    detail = "This address does not take this method."
    failure = Failure(problems.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed(request)})
    return refusal(request.scope, failure)


Part = Literal["body", "query", "header", "path"]


def _invalid(invalid: RequestValidationError) -> Failure:
    errors = [_field_error(error["loc"], error["type"], error["msg"]) for error in invalid.errors()[:MOST_ERRORS]]
    return Failure(problems.INVALID_REQUEST, "; ".join(_told(e) for e in errors[:5]), errors=errors)


def _told(error: FieldError) -> str:
    return f"{error.field}: {error.detail}" if error.field else error.detail


def _field_error(location: Sequence[str | int], kind: str, message: str) -> FieldError:
    part, *steps = location
    kept = [step for step in steps if step not in TAGS]
    field = pointer(kept) if part == "body" else ".".join(str(step) for step in kept)
    return FieldError(field=field, detail=_said(kind, message, part))


def _said(kind: str, message: str, part: str | int) -> str:
    match kind:
        case "missing":
            return "This field is needed."
        case "extra_forbidden":
            return "There is no such field." if part == "body" else "There is no such parameter."
        case "model_attributes_type" | "model_type":
            return "Give a JSON object."
        case _:
            return message


def _behind(late: Exception) -> Failure:
    return Failure(problems.VIEW_BEHIND, f"{late}.", headers=RETRY_AFTER)


def _being_built(_: BeingBuilt) -> Failure:
    detail = "What answers this is being built again for a newer version of the service."
    return Failure(problems.VIEW_BEHIND, detail, headers=RETRY_AFTER)


_MEANINGS: Mapping[type[Exception], Callable[[Any], Failure]] = {
    Failure: lambda failure: failure,
    Refused: _refusal,
    VersionMismatch: _version_mismatch,
    IdempotencyKeyReused: _key_reused,
    NotAuthenticated: lambda _: unauthenticated(message("This is not for everybody, and no token was sent.")),
    NotPermitted: lambda denied: Failure(problems.NOT_PERMITTED, str(denied)),
    InvalidToken: _invalid_token,
    TokenWorthless: lambda _: token_worthless(),
    IssuerAway: _issuer_away,
    SignInRefused: lambda refused: Failure(problems.SIGN_IN_REFUSED, str(refused)),
    LedgerBusy: _ledger_busy,
    LedgerRolledBack: _ledger_rolled_back,
    NoLettersForLanguage: lambda lacking: Failure(problems.NO_LETTERS, f"{lacking}."),
    MomentNotOver: lambda early: Failure(problems.MOMENT_NOT_OVER, f"{early}."),
    PositionAhead: lambda ahead: Failure(problems.POSITION_BEYOND_LEDGER, f"{ahead}."),
    ViewsBehind: _behind,
    PositionNotReached: _behind,
    BeingBuilt: _being_built,
    RequestValidationError: _invalid,
    HTTPException: _http,
    **dict.fromkeys(UNAVAILABLE, _database_away),
    **dict.fromkeys(DISK_FULL, _disk_full),
}
"""What each exception means; that of the nearest class counts."""
