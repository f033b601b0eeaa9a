"""The description of the service (OpenAPI 3.1), complete enough to generate clients from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from api.http import problems
from api.http.failures import ProblemDocument
from api.http.problems import OF_REFUSALS, Problem
from domain import refusals
from domain.refusals import Refused

Responses = dict[int | str, dict[str, Any]]
Refusals = tuple[type[Refused], ...]

_VALIDATION = ("HTTPValidationError", "ValidationError")
PROBLEM_JSON = "application/problem+json"

DESCRIPTION = """\
The system of record for pledges to connect people. What happened to a pledge is stored once, in order, for ever;
everything else is derived from it.

Amounts are decimal strings, never JSON numbers. Codes are listed, with labels in six languages, by
`GET /v1/vocabulary`. Whatever goes wrong is answered with a problem document (RFC 9457) whose `type` explains it.
"""

TAGS = [
    {"name": "pledges", "description": "What was promised, and everything that happens to it."},
    {"name": "contributions", "description": "What BDT and pledgers say about what was delivered."},
    {"name": "snapshots", "description": "The register at a moment, and what changed between two."},
    {"name": "exchange", "description": "The register in the form of the aid transparency initiative (IATI)."},
    {"name": "channel", "description": "What happens, as it happens: a feed and a stream."},
    {"name": "reports", "description": "Progress in a period, who owes a report, and what pledgers learned."},
    {"name": "ledger", "description": "The evidence: entries as they are stored, checkpoints, proofs, bundles."},
    {"name": "organisations", "description": "Who pledges."},
    {"name": "exchange rates", "description": "What currencies were worth in US dollars, by month."},
    {"name": "vocabulary", "description": "The codes, with their labels."},
    {"name": "tokens", "description": "Who may do what: tokens, their roles and their scopes."},
    {"name": "webhooks", "description": "Being told of what happens, by the Standard Webhooks specification."},
    {"name": "service", "description": "Whether the service is up, and what its problems mean."},
]

FOR_EVERYBODY: dict[str, Any] = {"security": [{}]}
"""What an operation says besides that shows more to whoever sends a token, but needs none."""

EVERYWHERE = (problems.INTERNAL_ERROR,)
RATED = (problems.TOO_MANY_REQUESTS, *EVERYWHERE)
LIMITED = (problems.OVERLOADED, *RATED)
ASKING = (problems.DATABASE_AWAY, problems.DISK_FULL)
READING = (problems.MALFORMED_HEADER, problems.INVALID_REQUEST, *ASKING, *LIMITED)
AUTHENTICATING = (problems.NOT_AUTHENTICATED, problems.ISSUER_AWAY)
READER = (*READING, *AUTHENTICATING)
"""What tells more to some than to others: a token that is not valid is refused, though none is needed."""
FOR_INSIGHT = (*READER, problems.NOT_PERMITTED)
"""What is for those who may know of every pledge."""
WAITING = (problems.POSITION_BEYOND_LEDGER, problems.VIEW_BEHIND)
PAGING = (problems.INVALID_CURSOR, problems.TWO_MOMENTS)
AT_A_MOMENT = (problems.MOMENT_NOT_OVER,)
WRITING = (
    problems.MALFORMED_JSON,
    problems.MALFORMED_HEADER,
    *AUTHENTICATING,
    problems.NOT_PERMITTED,
    problems.BODY_TOO_LARGE,
    problems.UNSUPPORTED_CONTENT_TYPE,
    problems.INVALID_REQUEST,
    *ASKING,
    *LIMITED,
)
COMMANDING = (*WRITING, problems.IDEMPOTENCY_KEY_REUSED, problems.LEDGER_BUSY, problems.LEDGER_ROLLED_BACK)
CHANGING = (*COMMANDING, problems.VERSION_MISMATCH)

ALWAYS_REFUSED: Refusals = (refusals.UnacceptableText, refusals.TooLarge)
PLEDGE_REFUSED: Refusals = (refusals.UnknownPledge, *ALWAYS_REFUSED)

_LEDGER_POSITION = {
    "description": "The position in the ledger that the answer includes; send it back to read at least that",
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
    "example": "17",
}
_ETAG = {"description": "The version, for `If-Match`", "schema": {"type": "string"}, "example": '"3"'}
_REPLAYED = {
    "description": "`true` where the answer was first given before, to the same `Idempotency-Key`",
    "schema": {"type": "string", "enum": ["true"]},
}
_LOCATION = {"description": "The address of what is new", "schema": {"type": "string"}}
LINK = {
    "description": 'The next page, as RFC 8288 says: `<…>; rel="next"`; missing on the last one',
    "schema": {"type": "string"},
}
_REQUEST_ID = {"description": "The name of this request in the log", "schema": {"type": "string"}}
_RETRY_AFTER = {"description": "Seconds to wait before asking again", "schema": {"type": "string"}, "example": "1"}
_CHALLENGE = {"description": "The scheme that is understood", "schema": {"type": "string"}, "example": "Bearer"}
_ALLOW = {"description": "The methods the address takes", "schema": {"type": "string"}}

DIGEST = {
    "description": "The snapshot's digest; a form other than JSON adds its extension",
    "schema": {"type": "string"},
    "example": '"sha256:5f0e…"',
}
THE_SAME_AGAIN = {
    "description": "The exact address at which anybody takes the same snapshot again, as RFC 8288 says",
    "schema": {"type": "string"},
}

CHANGED = {"ETag": _ETAG, "Ledger-Position": _LEDGER_POSITION, "Idempotent-Replayed": _REPLAYED}
CREATED = {**CHANGED, "Location": _LOCATION}
READ = {"Ledger-Position": _LEDGER_POSITION}
READ_ONE = {**READ, "ETag": _ETAG}
READ_LIST = {**READ, "Link": LINK}
CACHED = {"ETag": _ETAG}

_OF_STATUS: Mapping[int, Mapping[str, Any]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": _CHALLENGE},
    HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": _ALLOW},
    HTTPStatus.PRECONDITION_FAILED: {"ETag": _ETAG},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": _RETRY_AFTER},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": _RETRY_AFTER},
    HTTPStatus.INSUFFICIENT_STORAGE: {"Retry-After": _RETRY_AFTER},
}


def answers(
    status: int,
    headers: Mapping[str, Any],
    faults: Iterable[Problem],
    refused: Iterable[type[Refused]] = (),
    *,
    forms: Iterable[str] = (),
    links: Mapping[str, Any] | None = None,
) -> Responses:
    """The responses of an operation: the good one, and one for each status of a problem, with all its problems.

    `forms` are media types that the good answer comes in as text, besides JSON or instead of it; `links` lead from it
    to other operations.
    """
    by_status: dict[int, list[Problem]] = defaultdict(list)
    for problem in (*faults, *(OF_REFUSALS[refusal] for refusal in refused)):
        by_status[problem.status].append(problem)
    found: Responses = {status: {"headers": {**headers, "X-Request-Id": _REQUEST_ID}}}
    if content := {media_type: {"schema": {"type": "string"}} for media_type in forms}:
        found[status]["content"] = content
    if links:
        found[status]["links"] = links
    for failed, listed in sorted(by_status.items()):
        found[failed] = {
            "model": ProblemDocument,
            "description": "; ".join(dict.fromkeys(problem.title for problem in listed)),
            "headers": {**_OF_STATUS.get(failed, {}), "X-Request-Id": _REQUEST_ID},
            "content": {PROBLEM_JSON: {"examples": {problem.name: _example(problem) for problem in listed}}},
        }
    return found


def leads_to(operation: str, **parameters: str) -> dict[str, Any]:
    """A link to an operation, whose parameters stand in the body of an answer, each at a JSON pointer."""
    places = {name: f"$response.body#{place}" for name, place in parameters.items()}
    return {operation: {"operationId": operation, "parameters": places}}


def not_modified(headers: Mapping[str, Any] = READ_ONE) -> Responses:
    """The response to a reader that has the current version."""
    return {304: {"description": "The client has the current version", "headers": headers}}


def _example(problem: Problem) -> dict[str, Any]:
    document = ProblemDocument(
        type=problem.type,
        title=problem.title,
        status=problem.status,
        detail=f"{problem.title}.",
        instance="/v1/pledges",
        remedy=problem.remedy,
    )
    return {"summary": problem.title, "value": document.model_dump(exclude_none=True)}


def describe(app: FastAPI, examples: Callable[[], tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
    """Let the application describe itself, with the examples of requests and answers by operation."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            document = generate()
            _complete(document, *examples())
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any], requests: Mapping[str, Any], responses: Mapping[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            _declare_problems(operation["responses"])
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _given(parameter["schema"])
            if body := operation.get("requestBody"):
                body["required"] = _needs_a_body(body, document["components"]["schemas"])
            name = operation["operationId"]
            if name in requests:
                operation["requestBody"]["content"]["application/json"]["example"] = requests[name]
            if name in responses:
                form_of(_good(operation["responses"]))["example"] = responses[name]
    for told in document.get("webhooks", {}).values():
        for operation in told.values():
            operation["responses"].pop("422", None)  # what a receiver does with a message is its own business
            form_of(operation["requestBody"])["example"] = requests[operation["operationId"]]
    for unused in _VALIDATION:
        document["components"]["schemas"].pop(unused, None)


def _needs_a_body(described: Mapping[str, Any], schemas: Mapping[str, Any]) -> bool:
    """Whether something has to be stated; no body at all states an empty object."""
    reference: str = form_of(described)["schema"]["$ref"]
    return "required" in schemas[reference.rpartition("/")[2]]


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """What a parameter is where it is given. It may be left out, but there is no null in an address or a header."""
    forms = [form for form in schema.get("anyOf", ()) if form != {"type": "null"}]
    if not forms:
        return schema
    others = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**forms[0], **others} if len(forms) == 1 else {**others, "anyOf": forms}


def _declare_problems(responses: dict[str, Any]) -> None:
    """Problems are documents of their own type; what the framework says of its own ones is not true here."""
    for status, response in list(responses.items()):
        content = response.get("content", {})
        if PROBLEM_JSON in content:
            content[PROBLEM_JSON]["schema"] = content.pop("application/json")["schema"]
        elif content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith(_VALIDATION):
            del responses[status]


def form_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """The form in which an answer or a body is shown: JSON where there is JSON."""
    content: Mapping[str, dict[str, Any]] = described["content"]
    return content.get("application/json") or next(iter(content.values()))


def _good(responses: dict[str, Any]) -> dict[str, Any]:
    return next(response for status, response in responses.items() if status.startswith("2"))
