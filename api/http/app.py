"""The application: every address of the service over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from starlette.middleware import Middleware

from api.http import webhook_messages
from api.http.examples import examples
from api.http.failures import handle_failures
from api.http.gathered import Gathered, in_a_thread
from api.http.middleware import HeadAsGet, Requests
from api.http.openapi import DESCRIPTION, TAGS, describe
from api.http.rates import AddressRate, Rates
from api.http.routes import (
    channel,
    contacts,
    contributions,
    differences,
    documentation,
    exchange_rates,
    good_practices,
    health,
    iati,
    ledger,
    metrics,
    obligations,
    one_pledge,
    organisations,
    pledge_commands,
    pledges,
    problem_pages,
    progress_reports,
    publications,
    snapshots,
    tokens,
    vocabulary,
    webhooks,
)
from api.http.security_headers import SecurityHeaders
from api.http.shared_answers import SharedAnswer
from api.http.streams import StreamBounds, Streams
from api.http.turns import Turns
from api.web.site import include_pages
from infrastructure.bootstrap import Service
from infrastructure.readiness import examine
from infrastructure.version import p2c_version

RESERVED_CONNECTIONS = 7
"""Connections of the pool that handlers leave to the read models' runner, to reads that gather or wait, to probes."""

READS_WAITING = 64
"""How many reads may wait for a position at once; more wait for their turn to wait."""

PROBE_SECONDS = 3.0
"""How long a probe waits for what the database says."""

SCRAPE_SECONDS, SCRAPE_FRESH_SECONDS = 2.0, 1.0
"""How long metrics wait for it, and for how long they tell the same again."""

RESOURCES = (
    # An address is looked for in this order: first those that are asked for most, but for what ends in `.xml`.
    iati,
    one_pledge,
    pledges,
    pledge_commands,
    contributions,
    organisations,
    contacts,
    snapshots,
    progress_reports,
    obligations,
    good_practices,
    differences,
    channel,
    publications,
    exchange_rates,
    vocabulary,
    ledger,
    tokens,
    webhooks,
    health,
    metrics,
    problem_pages,
    documentation,
)
"""What the service has over HTTP, beside the pages."""


def create_app(service: Service, *, rates: Rates | None = None, stream_bounds: StreamBounds | None = None) -> FastAPI:
    """The application over a service; while it serves, the read models are kept up with the ledger.

    Without `rates`, everybody may send as much as they like. Whoever serves it calls `end_streams` before it is to
    stop.
    """
    rates = rates or Rates()
    app = with_routes(
        [  # the outermost first
            Middleware(SecurityHeaders),  # on every answer, whoever gives it
            Middleware(Requests, service.metrics.requests),  # a name, a line in the log, a count, a problem for a fault
            Middleware(AddressRate, rates),  # a refusal before anything is done
            Middleware(HeadAsGet),
        ]
    )
    app.state.service = service
    app.state.rates = rates
    app.state.streams = Streams(service, stream_bounds or StreamBounds())
    app.state.turns = Turns(_handlers(service))
    app.state.latest_pledges = Gathered(in_a_thread(service.pledges.latest))
    app.state.tokens = Gathered(in_a_thread(service.credentials.authenticate_each))
    app.state.first_looks = Gathered(service.commands.look_at)
    app.state.waiting_room = CapacityLimiter(READS_WAITING)
    app.state.examination = SharedAnswer(partial(examine, service), within=PROBE_SECONDS)
    app.state.scribe = CapacityLimiter(1)  # writes metrics, in a thread that no handler waits for
    app.state.ledger_state = SharedAnswer(
        service.ledger_metrics.ask, within=SCRAPE_SECONDS, fresh_for=SCRAPE_FRESH_SECONDS
    )
    return app


def with_routes(middleware: Sequence[Middleware] = ()) -> FastAPI:
    """Every route and every problem; without a service behind them, they can only be described."""
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
        middleware=middleware,
    )
    for resource in RESOURCES:
        app.include_router(resource.router)
    include_pages(app)
    app.webhooks.include_router(webhook_messages.router)
    handle_failures(app)
    describe(app, examples)
    return app


def _handlers(service: Service) -> int:
    """How many handlers may work at once.

    A handler uses one connection at a time. With no more handlers at work than connections, requests wait for their
    turn, where waiting costs nothing, and never fail for want of a connection.
    """
    return max(1, service.pool.max_size - RESERVED_CONNECTIONS)


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    to_thread.current_default_thread_limiter().total_tokens = _handlers(service)
    service.start()
    try:
        yield
    finally:
        await app.state.streams.ended()
        await to_thread.run_sync(service.stop)
