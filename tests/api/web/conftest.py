"""What tests of pages share: a server with the sample portfolio, and visitors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.http.app import create_app
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.signing import Signing
from tests.api.http.serving import serving
from tests.api.web.pages import Visitor
from tests.databases import new_sample


@pytest.fixture(scope="module")
def sample_ledger(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database with the sample portfolio that the tests of a module share."""
    with new_sample(postgres) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def service(sample_ledger: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that signs, with the sample portfolio."""
    signing = Signing(folder=tmp_path_factory.mktemp("keys"), origin="example.org/v1/ledger")
    with open_on(sample_ledger, signing=signing) as service:
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
