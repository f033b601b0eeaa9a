"""Each request with a token of somebody who may make it, for tests that are about something else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from uuid import UUID, uuid4

import httpx

from domain.identity import pledge_id
from domain.vocabulary import Role
from infrastructure.bootstrap import Service

_PLEDGERS_SAY = re.compile(
    r"/v1/pledges(?:/(?P<reference>[^/]+)/(?:scale-ups|scale-downs|contributions|contributions/[^/]+/correction|reports"
    r"|fulfilment|amendments|withdrawal))?"
)


class TheOneWhoMay(httpx.Auth):
    """Speaks for the lead where a pledger has to, and for BDT everywhere else; a token that is given stays."""

    requires_request_body = True

    def __init__(self, service: Service) -> None:
        self._service = service
        self._of = cache(lambda role, organisation: service.credentials.issue(role, organisation)[1])

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        if "Authorization" not in request.headers:
            request.headers["Authorization"] = f"Bearer {self.token_for(request)}"
        yield request

    def token_for(self, request: httpx.Request) -> str:
        said = _PLEDGERS_SAY.fullmatch(request.url.path) if request.method == "POST" else None
        if said is None:
            return str(self._of(Role.BDT, None))
        return str(self._of(Role.STAKEHOLDER, self._lead_of(said["reference"], request.content)))

    def _lead_of(self, reference: str | None, body: bytes) -> UUID:
        if reference:
            pledge = self._service.ledger.pledge(pledge_id(reference))
            return pledge.lead.organisation if pledge else uuid4()
        try:
            return UUID(json.loads(body)["lead"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return uuid4()
