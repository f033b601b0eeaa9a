"""Every route there is, whoever adds one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from fastapi.routing import RouteContext, iter_route_contexts

from api.http.app import with_routes
from api.web.page_route import PageRoute


@cache
def every_route() -> Sequence[RouteContext]:
    """Those of the interface and of the pages; put together once a process, since that takes a third of a second."""
    return tuple(iter_route_contexts(with_routes().routes))


def page_paths(method: str) -> set[str]:
    """The paths of the pages that take a method, and of what is behind them as data."""
    pages = (route for route in every_route() if isinstance(route.original_route, PageRoute))
    return {str(route.path) for route in pages if method in (route.methods or ())}
