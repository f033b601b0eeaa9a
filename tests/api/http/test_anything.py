"""Whatever is sent, the service answers, and never with a fault of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.http.example_requests import REQUESTS
from infrastructure.bootstrap import Service
from tests.api.http.register import days_ago, usd
from tests.api.http.signing_in import TheOneWhoMay

FIELDS = st.sampled_from(
    [
        "title",
        "targets",
        "contributions",
        "lead",
        "value",
        "amount",
        "currency",
        "usd_rate",
        "countries",
        "id",
        "reason",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["USD", "EUR", "SEN", "2026-01-01", "9999-12-31", "0001-01-01", "money", "schools", "1e9"])
    | st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
COMMANDS = [
    "/v1/pledges",
    "/v1/organisations",
    "/v1/snapshots",
    "/v1/exchange-rates",
    *(
        f"/v1/pledges/{{reference}}/{command}"
        for command in (
            "validation",
            "decline",
            "scale-ups",
            "scale-downs",
            "amendments",
            "contributions",
            "reports",
            "fulfilment",
            "withdrawal",
            "contributions/c1/verification",
            "contributions/c1/query",
            "contributions/c1/correction",
        )
    ),
]
RELAXED = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


class Inside:
    """A client without a socket."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal = portal
        self._client = client

    def post(self, address: str, **sent: Any) -> httpx.Response:
        return self._portal.call(partial(self._client.post, address, **sent))

    def get(self, address: str, **sent: Any) -> httpx.Response:
        return self._portal.call(partial(self._client.get, address, **sent))


@pytest.fixture(scope="module")
def inside(app: FastAPI, service: Service) -> Iterator[Inside]:
    service.projections.start()
    with start_blocking_portal() as portal:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://inside",
            auth=TheOneWhoMay(service),
        )
        yield Inside(portal, client)
        portal.call(client.aclose)


@pytest.fixture(scope="module")
def announcement(inside: Inside) -> dict[str, Any]:
    lead = inside.post("/v1/organisations", json={"name": "A", "sector": "youth"}).json()["organisation"]["id"]
    target = {"id": "money", "measure": "money", "value": usd("5.00")}
    stated = {**REQUESTS["announcePledge"], "lead": lead, "targets": [target], "announced_on": days_ago(50)}
    return {**stated, "starts_on": days_ago(50)}


@pytest.fixture(scope="module")
def reference(inside: Inside, announcement: dict[str, Any]) -> str:
    return str(inside.post("/v1/pledges", json=announcement).json()["pledge"]["reference"])


@RELAXED
@given(command=st.sampled_from(COMMANDS), body=ANYTHING)
def test_any_json_gets_an_answer(inside: Inside, reference: str, command: str, body: Any) -> None:
    assert inside.post(command.format(reference=reference), json=body).status_code < 500


@RELAXED
@given(data=st.data())
def test_a_right_body_with_something_wrong_in_it_gets_an_answer(
    inside: Inside, announcement: dict[str, Any], data: st.DataObject
) -> None:
    field = data.draw(st.sampled_from(sorted(announcement)))
    value = data.draw(ANYTHING | st.lists(ANYTHING, max_size=2))

    assert inside.post("/v1/pledges", json={**announcement, field: value}).status_code < 500


@RELAXED
@given(
    amount=st.from_regex(r"[0-9]{1,16}(\.[0-9]{1,13})?", fullmatch=True),
    rate=st.from_regex(r"[0-9]{1,16}(\.[0-9]{1,13})?", fullmatch=True),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "XDR", "XOF"]),
)
def test_any_amount_at_any_rate_gets_an_answer(
    inside: Inside, announcement: dict[str, Any], amount: str, rate: str, currency: str
) -> None:
    usd_rate = {"rate": rate, "on": days_ago(50), "source": "x"}
    value = {"amount": amount, "currency": currency, "usd_rate": usd_rate}
    body = {**announcement, "targets": [{"id": "m", "measure": "money", "value": value}] * 1}

    answer = inside.post("/v1/pledges", json=body)
    assert answer.status_code < 500
    if answer.status_code == 201:
        delivered = {"target": "m", "amount": value, "effective_on": days_ago(1)}
        address = f"{answer.headers['Location']}/contributions"
        assert inside.post(address, json={"contributions": [delivered]}).status_code == 201


@RELAXED
@given(body=st.binary(max_size=200))
def test_any_bytes_get_an_answer(inside: Inside, body: bytes) -> None:
    answer = inside.post("/v1/organisations", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code < 500


@RELAXED
@given(
    address=st.sampled_from(
        ["/v1/pledges", "/v1/organisations", "/v1/exchange-rates", "/v1/pledges/{reference}/history"]
    ),
    name=st.sampled_from(["cursor", "limit", "q", "country", "year", "sdg", "lead", "register", "currency", "active"])
    | st.text(max_size=5),
    value=st.text(max_size=30) | st.integers().map(str),
)
def test_any_question_gets_an_answer(inside: Inside, reference: str, address: str, name: str, value: str) -> None:
    assert inside.get(address.format(reference=reference), params={name: value}).status_code < 500


@RELAXED
@given(
    header=st.sampled_from(
        ["If-Match", "If-None-Match", "Ledger-Position", "Idempotency-Key", "Authorization", "Accept"]
    ),
    value=st.binary(max_size=20).filter(lambda value: not set(value) & set(b"\r\n\0")),
)
def test_any_header_gets_an_answer(inside: Inside, reference: str, header: str, value: bytes) -> None:
    headers = [(header.encode(), value)]

    assert inside.get(f"/v1/pledges/{reference}", headers=headers).status_code < 500
    assert inside.post(f"/v1/pledges/{reference}/amendments", json={}, headers=headers).status_code < 500
