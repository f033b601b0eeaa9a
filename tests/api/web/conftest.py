"""What tests of pages share: a server with the sample portfolio, and visitors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.http.app import create_app
from application.sample.loading import load_sample
from infrastructure.bootstrap import Service, open_on
from infrastructure.signing import Signing
from tests.api.http.serving import serving
from tests.api.web.pages import Visitor


@pytest.fixture(scope="module")
def service(conninfo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that signs, with the sample portfolio, on a database that the tests of a module share."""
    signing = Signing(folder=tmp_path_factory.mktemp("keys"), origin="example.org/v1/ledger")
    with open_on(conninfo, signing=signing) as service:
        load_sample(service.ledger, service.commands)
        service.projections.catch_up()
        yield service


@pytest.fixture(scope="module")
def server(service: Service) -> Iterator[str]:
    """The address of a running server."""
    with serving(create_app(service)) as address:
        yield address


@pytest.fixture
def visitor(server: str) -> Iterator[Visitor]:
    """Somebody who has not signed in."""
    with Visitor(base_url=server, timeout=30) as visitor:
        yield visitor
