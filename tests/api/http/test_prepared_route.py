"""A prepared route gives its handler what the framework would have given it, and refuses what it would have refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from api.http.prepared_route import PreparedRoute
from tests.api.http.every_route import every_route

CALLS: list[str] = []


class Which(BaseModel):
    """A query as a model, with a list, a bound and a default."""

    tag: list[str] = []
    most: Annotated[int, Field(ge=1, le=100)] = 50
    word: str | None = None

    model_config = {"extra": "forbid"}


class Said(BaseModel):
    """A body."""

    text: Annotated[str, Field(min_length=1)]
    number: int | None = None


def counted(page: Annotated[int | None, Query(ge=1)] = None) -> int:
    """A dependency that is a plain function."""
    CALLS.append("counted")
    return (page or 0) + 1


async def whose(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    twice: Annotated[int, Depends(counted)],
) -> str:
    """A dependency with dependencies, one of which the handler has too."""
    CALLS.append("whose")
    return f"{given.credentials if given else None} {twice}"


async def watched(x_watch: Annotated[str | None, Header(max_length=3)] = None) -> None:
    """A dependency that nobody is given."""
    CALLS.append(f"watched {x_watch}")


async def look(
    request: Request,
    name: Annotated[UUID, Path()],
    which: Annotated[Which, Query()],
    who: Annotated[str, Depends(whose)],
    once: Annotated[int, Depends(counted)],
    if_match: Annotated[str | None, Header(pattern='^".*"$')] = None,
    x_many: Annotated[list[str] | None, Header()] = None,
) -> Response:
    """A handler that says what it was given."""
    return JSONResponse([request.method, str(name), which.model_dump(), who, once, if_match, x_many])


def sent(name: Annotated[UUID, Path()], said: Said, x_needed: Annotated[int, Header()], late: bool = False) -> Response:
    """A handler that is a plain function, with a body, a header it cannot do without, and a default."""
    return JSONResponse([str(name), said.model_dump(), x_needed, late])


def app_of(route_class: type[APIRoute]) -> FastAPI:
    """An application with both handlers, and its refusals as it finds them."""
    router = APIRouter(route_class=route_class, dependencies=[Depends(watched)])
    router.add_api_route("/{name}", look, methods=["GET"])
    router.add_api_route("/{name}", sent, methods=["POST"])
    app = FastAPI()
    app.include_router(router)

    async def refused(_: Request, wrong: Exception) -> Response:
        assert isinstance(wrong, RequestValidationError)
        found = [{**error, "ctx": str(error.get("ctx"))} for error in wrong.errors()]
        return JSONResponse(sorted(found, key=str), 422)

    app.add_exception_handler(RequestValidationError, refused)
    return app


PREPARED, PLAIN = app_of(PreparedRoute), app_of(APIRoute)
SOMEBODY = "3f0c2b1e-6d1f-4f0e-9a53-0d6e0c6a2b11"

words = st.sampled_from(["", "a", '"1"', "long", "7", "0", "x" * 40])
names = st.sampled_from([SOMEBODY, "nobody"])
queries = st.lists(st.tuples(st.sampled_from(["tag", "most", "word", "page", "late", "other"]), words), max_size=5)
headers = st.lists(
    st.tuples(st.sampled_from(["if-match", "x-many", "x-watch", "x-needed"]), words)
    | st.tuples(st.just("authorization"), st.sampled_from(["Bearer t", "Basic t", "Bearer"])),
    max_size=5,
)
bodies = st.sampled_from(
    [{"text": "a"}, {"text": ""}, {}, {"text": "a", "number": "x"}, {"text": "a", "number": 3}, []]
)


def answered(app: FastAPI, method: str, name: str, **said: Any) -> tuple[int, Any, Sequence[str]]:
    """The status, the answer, and which dependencies were called in which order."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, f"/{name}", **said)

    CALLS.clear()
    answer = asyncio.run(asked())
    return answer.status_code, answer.json(), tuple(CALLS)


@given(names, queries, headers)
def test_what_a_query_and_headers_say(
    name: str, query: Sequence[tuple[str, str]], said: Sequence[tuple[str, str]]
) -> None:
    asked: Mapping[str, Any] = {"params": list(query), "headers": list(said)}
    assert answered(PREPARED, "GET", name, **asked) == answered(PLAIN, "GET", name, **asked)


@given(names, queries, headers, bodies)
def test_what_a_body_says(
    name: str, query: Sequence[tuple[str, str]], said: Sequence[tuple[str, str]], body: object
) -> None:
    asked: Mapping[str, Any] = {"params": list(query), "headers": list(said), "json": body}
    assert answered(PREPARED, "POST", name, **asked) == answered(PLAIN, "POST", name, **asked)


def test_the_framework_is_asked_only_for_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(fields: Sequence[Any], said: Mapping[str, str]) -> Any:
        asked.extend(field.name for field in fields)
        return request_params_to_args(fields, said)

    monkeypatch.setattr("api.http.prepared_route.request_params_to_args", noted)
    assert answered(PREPARED, "GET", SOMEBODY, headers={"if-match": '"1"'})[0] == 200
    assert asked == ["x_many"]


def test_an_overridden_dependency_is_the_one_that_answers() -> None:
    app = app_of(PreparedRoute)
    app.dependency_overrides[whose] = lambda: "somebody else"
    assert "somebody else" in answered(app, "GET", SOMEBODY)[1]


def test_every_route_of_ours_that_takes_turns_is_foreseen() -> None:
    prepared = [(r, r.original_route) for r in every_route() if isinstance(r.original_route, PreparedRoute)]
    assert len(prepared) > 100
    assert [route.path for _, route in prepared if not route.is_foreseen] == []
    assert [route.path for included, route in prepared if included.dependencies != route.dependencies] == []
