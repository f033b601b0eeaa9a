"""Too many requests are refused: from one address, and with one token; what is asked about the service never is."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from api.http.app import create_app
from api.http.rates import Rates, network_of
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.http.contract import Contract, description
from tests.api.http.serving import serving
from tests.api.http.test_problems import require_problem

PROXY = "127.0.0.1"
"""Where these tests connect from."""


@contextmanager
def limited(service: Service, *, trusted_proxies: str = "none", **rates: str) -> Iterator[httpx.Client]:
    """A client of a service with these rates, whose answers keep to the description."""
    app = create_app(service, rates=Rates(**rates))
    contract = Contract(description())

    def require(answer: httpx.Response) -> None:
        answer.read()
        contract.require(answer)

    with serving(app, trusted_proxies=trusted_proxies) as address, httpx.Client(base_url=address, timeout=30) as client:
        client.event_hooks = {"response": [require]}
        yield client


def statuses(client: httpx.Client, times: int, *forwarded_for: str, path: str = "/v1/vocabulary") -> Counter[int]:
    headers = [("X-Forwarded-For", address) for address in forwarded_for]
    return Counter(client.get(path, headers=headers).status_code for _ in range(times))


def test_more_than_the_rate_from_one_address_is_refused_with_the_time_to_wait(service: Service) -> None:
    with limited(service, per_address="5/second") as client:
        found = [client.get("/v1/vocabulary") for _ in range(50)]
        refused = next(answer for answer in found if answer.status_code == 429)
        problem = require_problem(refused, 429, "too-many-requests")
        time.sleep(2.1)
        again = client.get("/v1/vocabulary")

    assert found[0].status_code == again.status_code == 200
    assert refused.headers["Retry-After"] == "1"
    assert "5/second" in problem["detail"]


def test_the_time_to_wait_is_what_is_left_of_the_window(service: Service) -> None:
    with limited(service, per_address="1/hour") as client:
        client.get("/v1/vocabulary")
        refused = client.get("/v1/vocabulary")

    assert 1 <= int(refused.headers["Retry-After"]) <= 3_600


def test_what_is_asked_about_the_service_has_no_rate(service: Service) -> None:
    with limited(service, per_address="1/hour") as client:
        assert statuses(client, 2) == {200: 1, 429: 1}

        for path in ("/livez", "/readyz", "/metrics"):
            assert statuses(client, 5, path=path) == {200: 5}


def test_what_is_refused_is_not_asked_of_the_application(service: Service) -> None:
    with limited(service, per_address="1/hour") as client:
        client.get("/v1/vocabulary")

        assert client.get("/nowhere").status_code == 429
        assert client.post("/v1/pledges", content=b"x" * 100_000).status_code == 429


def test_each_token_has_its_rate_wherever_it_is_used(service: Service) -> None:
    tokens = [service.credentials.issue(Role.BDT)[1] for _ in range(2)]
    with limited(service, per_token="3/hour") as client:
        found = [
            Counter(
                client.post("/v1/organisations", json={}, headers={"Authorization": f"Bearer {token}"}).status_code
                for _ in range(5)
            )
            for token in tokens
        ]
        refused = client.post("/v1/organisations", json={}, headers={"Authorization": f"Bearer {tokens[0]}"})
        anybody = statuses(client, 10)

    require_problem(refused, 429, "too-many-requests")
    assert found == [{422: 3, 429: 2}] * 2
    assert anybody == {200: 10}


def test_behind_a_trusted_proxy_each_client_has_its_rate(service: Service) -> None:
    with limited(service, trusted_proxies=PROXY, per_address="3/hour") as client:
        assert statuses(client, 5, "203.0.113.1") == {200: 3, 429: 2}
        assert statuses(client, 5, "203.0.113.2") == {200: 3, 429: 2}


@pytest.mark.parametrize(
    "said_before",
    [["9.9.9.{}"], ["9.9.9.{}, 8.8.8.8"], ["nonsense {}"], ["127.0.0.1, 9.9.9.{}"], ["9.9.9.{}", "8.8.8.8"]],
    ids=str,
)
def test_what_a_client_says_of_itself_to_a_trusted_proxy_does_not_count(
    service: Service, said_before: list[str]
) -> None:
    with limited(service, trusted_proxies=PROXY, per_address="3/hour") as client:
        found: Counter[int] = Counter()
        for number in range(5):
            # The proxy adds whom it sees, to the last header or in one of its own.
            said = [text.format(number) for text in said_before]
            found += statuses(client, 1, *said[:-1], f"{said[-1]}, 203.0.113.1")
            found += statuses(client, 1, *said, "203.0.113.1")

    assert found == {200: 3, 429: 7}


@pytest.mark.parametrize("trusted", ["none", "192.0.2.0/24"])
def test_who_is_no_trusted_proxy_cannot_choose_its_address(service: Service, trusted: str) -> None:
    with limited(service, trusted_proxies=trusted, per_address="3/hour") as client:
        found = sum((statuses(client, 1, f"203.0.113.{number}") for number in range(5)), Counter())

    assert found == {200: 3, 429: 2}


@pytest.mark.parametrize(
    ("addresses", "network"),
    [
        (["203.0.113.7", "::ffff:203.0.113.7"], "203.0.113.7"),
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"], "2001:db8:1:2::"),
        (["2001:db8:1:3::1"], "2001:db8:1:3::"),
        (["fe80::1%eth0"], "fe80::"),
        (["unknown", "", "1.2.3", "x" * 30_000], "unknown"),
    ],
)
def test_an_address_stands_for_who_has_it(addresses: list[str], network: str) -> None:
    assert {network_of(address) for address in addresses} == {network}


def turned_away(client: httpx.Client) -> dict[str, float]:
    """How many were refused by which limit, as monitoring sees it."""
    told = re.findall(r'p2c_http_requests_turned_away_total\{limit="(\w+)"\} (\S+)', client.get("/metrics").text)
    return {limit: float(count) for limit, count in told}


def test_what_is_refused_is_counted_under_the_limit_that_refused_it(service: Service) -> None:
    token = {"Authorization": f"Bearer {service.credentials.issue(Role.AUDITOR)[1]}"}
    with limited(service, per_address="4/hour", per_token="1/hour") as client:
        before = turned_away(client)
        for _ in range(3):
            client.get("/v1/tokens/own", headers=token)
        statuses(client, 3)
        after = turned_away(client)

    assert before.keys() == after.keys() == {"address_rate", "token_rate", "overload", "streams"}
    assert {limit: after[limit] - before[limit] for limit in after} == {
        "address_rate": 2,
        "token_rate": 2,
        "overload": 0,
        "streams": 0,
    }
