"""Figures about the service, for Prometheus."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from api.http import problems
from api.http.caching import NO_STORE
from api.http.forms import Accept
from api.http.openapi import EVERYWHERE, answers
from api.http.service import Services
from api.http.shared_answers import SharedAnswer
from infrastructure.metrics.ledger import LedgerState

router = APIRouter(tags=["service"])

FORMS = ("text/plain", "application/openmetrics-text")

EXAMPLE = """\
# HELP p2c_http_requests_total Requests that were answered.
# TYPE p2c_http_requests_total counter
p2c_http_requests_total{method="GET",operation="/v1/pledges/{reference}",status="200"} 17.0
# HELP p2c_read_model_lag Entries that it does not tell yet.
# TYPE p2c_read_model_lag gauge
p2c_read_model_lag{model="pledge_status"} 0.0
"""
"""Some lines of an answer."""


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="How is the service doing?",
    response_class=Response,
    responses=answers(200, {}, (problems.INVALID_REQUEST, *EVERYWHERE), forms=FORMS),
)
async def get_metrics(
    request: Request,
    service: Services,
    accept: Accept = None,
) -> Response:
    """Requests, appends, read models, checkpoints, the pool and the process, as Prometheus reads them.

    Without the database it says `p2c_database_up 0`, and nothing that only the database knows.
    """
    state: SharedAnswer[LedgerState | None] = request.app.state.ledger_state
    content, media_type = await to_thread.run_sync(
        service.metrics.told, await state.get(), accept or "", limiter=request.app.state.scribe
    )
    return Response(content, headers={**NO_STORE, "Content-Type": media_type, "Vary": "Accept"})
