"""The application: every address of the service over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI

from api.http.examples import examples
from api.http.failures import handle_failures
from api.http.middleware import HeadAsGet, Requests
from api.http.openapi import DESCRIPTION, TAGS, describe
from api.http.routes import (
    contacts,
    contributions,
    differences,
    documentation,
    exchange_rates,
    good_practices,
    health,
    iati,
    ledger,
    obligations,
    organisations,
    pledge_commands,
    pledges,
    problem_pages,
    progress_reports,
    publications,
    snapshots,
    vocabulary,
)
from infrastructure.bootstrap import Service
from infrastructure.version import p2c_version

RESERVED_CONNECTIONS = 4
"""Connections of the pool that handlers leave to the read models' runner, to reads that wait, and to probes."""

READS_WAITING = 64
"""How many reads may wait for a position at once; more wait for their turn to wait."""


def create_app(service: Service) -> FastAPI:
    """The application over a service; while it serves, the read models are kept up with the ledger."""
    app = FastAPI(
        title="p2c-ledger",
        summary="The system of record for pledges to connect people",
        description=DESCRIPTION,
        version=p2c_version(),
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_serving,
    )
    app.state.service = service
    app.state.waiting_room = CapacityLimiter(READS_WAITING)
    for resource in (
        snapshots,
        progress_reports,
        obligations,
        good_practices,
        differences,
        iati,
        publications,
        pledges,
        pledge_commands,
        contributions,
        organisations,
        contacts,
        exchange_rates,
        vocabulary,
        ledger,
        health,
        problem_pages,
        documentation,
    ):
        app.include_router(resource.router)
    handle_failures(app)
    describe(app, examples)
    app.add_middleware(HeadAsGet)
    app.add_middleware(Requests)
    return app


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    # A handler uses one connection at a time. With no more handlers at work than connections, requests queue here,
    # where waiting costs nothing, and never fail for want of a connection.
    to_thread.current_default_thread_limiter().total_tokens = max(1, service.pool.max_size - RESERVED_CONNECTIONS)
    service.start()
    try:
        yield
    finally:
        await to_thread.run_sync(service.stop)
