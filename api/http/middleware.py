"""What surrounds every request: its id, one line in the log, its place in the metrics, and an answer where we fail."""

from __future__ import annotations

import re
import time

import structlog
from fastapi.routing import APIRoute
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.clients import who
from api.http.failures import internal_error, refusal
from application.identifiers import unique_id
from infrastructure.metrics.requests import RequestMetrics

REQUEST_ID = "X-Request-Id"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")

NOWHERE = "unknown"
"""The operation of a request for an address that the service does not have."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"

WITHOUT_BODY = "without_body"
"""What the state of a request says where nobody will get the body of its answer."""

UNANSWERED = 0
"""The status of a request whose client left before it was answered."""

log = structlog.get_logger("p2c.http")


class Requests:
    """Names each request, logs and counts it, and answers with a problem where the application fails."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), UNANSWERED
        self._metrics.came()

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_named)
            except ClientDisconnect:
                pass  # there is nobody to answer
            except Exception:
                log.exception("request failed", method=scope["method"], path=scope["path"])
                if status != UNANSWERED:  # too late for another answer: let the server break the connection
                    raise
                await refusal(scope, internal_error())(scope, receive, send_named)
            finally:
                self._tell(scope, status, time.perf_counter() - started)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method, operation = scope["method"], operation_of(scope)
        log.info(
            "request",
            method=method,
            path=scope["path"],
            operation=operation,
            status=status,
            seconds=round(seconds, 6),
            **who(scope),
        )
        self._metrics.went(operation, method if method in METHODS else OTHER_METHOD, str(status), seconds)
        if limit := scope["state"].get("turned_away"):
            self._metrics.turned_away(limit)


class HeadAsGet:
    """Answers HEAD wherever GET is answered; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        as_get = {**scope, "method": "GET"}
        scope["state"][WITHOUT_BODY] = True  # for an answer that has no end
        try:
            await self._app(as_get, receive, send)
        finally:
            scope["route"] = as_get.get("route")  # for those around, who name the operation


def operation_of(scope: Scope) -> str:
    """What was asked for: the route's address with names for what varies in it, so that there are only so many."""
    route = scope.get("route")
    return route.path if isinstance(route, APIRoute) else NOWHERE


def _request_id(headers: Headers) -> str:
    given = headers.get(REQUEST_ID, "")
    return given if _SANE.fullmatch(given) else unique_id().hex
