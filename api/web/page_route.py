"""Routes of pages: in their turn as all handlers are, and what goes wrong is said on a page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request, Response

from api.http.failures import Failure, explained, internal_error, note
from api.http.turns import TurnRoute
from api.web.failure_pages import failure_page
from api.web.form_posts import FormRequest

log = structlog.get_logger("p2c.web")


class PageRoute(TurnRoute):
    """A route whose failures are pages, and whose forms are read before their turn comes."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, in its turn, and the page that says what went wrong in it."""
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                if request.method == "POST":
                    request = FormRequest(request.scope, request.receive)
                    await request.read()
                return await handle(request)
            except Exception as failed:
                failure = explained(failed)
                if failure is None:
                    log.exception("page failed", path=request.url.path)
                failure = failure or internal_error()
                note(request.scope, failure)
                return self.failed(request, failure)

        return handle_or_explain

    def failed(self, request: Request, failure: Failure) -> Response:
        """The page of a failure, which gives back what was typed."""
        return failure_page(request, failure)
