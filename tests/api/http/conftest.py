"""A real server on a real socket, with the read models kept up, and clients that check every answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.http.app import create_app
from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.signing import Signing
from tests.api.http.contract import Contract, description
from tests.api.http.register import Client
from tests.api.http.serving import serving
from tests.api.http.signing_in import TheOneWhoMay


@pytest.fixture(scope="module")
def service(conninfo: str) -> Iterator[Service]:
    """The whole service on a database that the tests of a module share: each makes its own pledges."""
    with open_on(conninfo) as service:
        yield service


@pytest.fixture(scope="module")
def signing_service(conninfo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The same with a key; modules that need one make it their `service`."""
    signing = Signing(folder=tmp_path_factory.mktemp("keys"), origin="example.org/v1/ledger")
    with open_on(conninfo, signing=signing) as service:
        yield service


@pytest.fixture(scope="module")
def app(service: Service) -> FastAPI:
    return create_app(service)


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract(description())


@pytest.fixture(scope="module")
def server(app: FastAPI) -> Iterator[str]:
    """The address of a running server."""
    with serving(app) as address:
        yield address


@pytest.fixture
def without_projections(server: str, service: Service) -> Iterator[None]:
    """The read models stand still for a while."""
    service.projections.stop()
    yield
    service.projections.start()


@pytest.fixture
def token(service: Service) -> str:
    return service.credentials.issue(Role.BDT)[1]


@pytest.fixture
def auditor_token(service: Service) -> str:
    return service.credentials.issue(Role.AUDITOR)[1]


@pytest.fixture
def admin_token(service: Service) -> str:
    return service.credentials.issue(Role.ADMIN)[1]


@pytest.fixture
def anybody(server: str, contract: Contract) -> Iterator[Client]:
    """A client without a token, whose every answer keeps to the description."""
    with Client(base_url=server, timeout=30, event_hooks={"response": [_read, contract.require]}) as client:
        yield client


@pytest.fixture
def client(server: str, contract: Contract, service: Service) -> Iterator[Client]:
    """A client that speaks for the lead or for BDT, whichever may, and whose every answer keeps to the description."""
    hooks: dict[str, list[Callable[..., Any]]] = {"response": [_read, contract.require]}
    with Client(base_url=server, auth=TheOneWhoMay(service), timeout=30, event_hooks=hooks) as client:
        yield client


def _read(response: httpx.Response) -> None:
    response.read()


@pytest.fixture
def public(client: Client) -> Iterator[Client]:
    """Somebody without a token."""
    with Client(base_url=client.base_url, timeout=30) as somebody:
        yield somebody
