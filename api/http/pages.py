"""Answers, and where a list goes on, as links say it (RFC 8288)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request, Response
from pydantic import BaseModel

from api.http.caching import NO_STORE
from api.http.cursors import Cursor


def link_to(request: Request, following: str | None, limit: int) -> dict[str, str]:
    """The header that leads to the next page, if there is one; the cursor carries the filters."""
    if following is None:
        return {}
    return {"Link": f'<{request.url.path}?{urlencode({"cursor": following, "limit": limit})}>; rel="next"'}


def encoded(cursor: Cursor | None) -> str | None:
    """The cursor as a client keeps it, if there is one."""
    return cursor.encode() if cursor else None


def document(content: BaseModel, *, position: int, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a question, with the position it includes."""
    always = {"Ledger-Position": str(position), "Cache-Control": "no-cache"}
    return Response(
        content.model_dump_json(by_alias=True), media_type="application/json", headers={**always, **(headers or {})}
    )


def uncached(content: BaseModel, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that nobody may keep."""
    return Response(
        content.model_dump_json(),
        status_code=status,
        media_type="application/json",
        headers={**NO_STORE, **(headers or {})},
    )
