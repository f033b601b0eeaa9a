"""What holds for every route there is, whoever adds one."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import iscoroutinefunction
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext

from api.http.json_request import CommandRoute, PromptCommandRoute
from api.http.turns import TurnRoute
from tests.api.http.contract import description
from tests.api.http.every_route import every_route

WITHOUT_A_TURN = {"/livez", "/readyz", "/metrics"}
"""What must be answered even where every handler is blocked."""


def routes() -> list[RouteContext]:
    return [route for route in every_route() if isinstance(route.original_route, APIRoute)]


def calls(dependant: Dependant) -> Iterator[Any]:
    """The handler, and all that is called for it."""
    yield dependant.call
    for needed in dependant.dependencies:
        yield from calls(needed)


def is_asynchronous(call: Any) -> bool:
    """Whether it is a coroutine function, or an object that is called like one."""
    return iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)


ROUTES = [pytest.param(route, id=f"{sorted(route.methods or ())[0]} {route.path}") for route in routes()]


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_is_read_within_bounds_or_not_at_all(route: RouteContext) -> None:
    if route.body_field:
        assert isinstance(route.original_route, CommandRoute | PromptCommandRoute)
        assert (route.methods or set()) <= {"POST", "PUT", "PATCH"}, "the methods whose bodies it reads"


@pytest.mark.parametrize("route", ROUTES)
def test_whoever_needs_a_thread_waits_for_a_turn(route: RouteContext) -> None:
    needs_thread = not all(isinstance(call, type) or is_asynchronous(call) for call in calls(route.dependant))
    in_turn = isinstance(route.original_route, TurnRoute)

    assert in_turn or not needs_thread
    assert not (in_turn and route.path in WITHOUT_A_TURN)


def test_every_operation_says_that_there_can_be_too_much() -> None:
    for path, operations in description()["paths"].items():
        for operation in operations.values():
            if path.startswith("/v1/"):
                problems = {
                    name
                    for status in ("429", "503")
                    for name in operation["responses"][status]["content"]["application/problem+json"]["examples"]
                }
                assert {"too-many-requests", "overloaded"} <= problems
                assert "Retry-After" in operation["responses"]["429"]["headers"]
