"""A running issuer, a clock that stands still unless it is set, and a service's part that trusts the issuer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infrastructure import schema
from infrastructure.database import Pool, open_pool
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.oidc.signed_tokens import SignedTokens, TrustedIssuer
from infrastructure.oidc.subjects import Subjects
from tests.databases import new_ledger
from tests.issuer import AUDIENCE, LocalIssuer


@dataclass
class Clock:
    """Seconds, as a test sets them."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    with LocalIssuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def pool(postgres: EmbeddedPostgres) -> Iterator[Pool]:
    """Connections that work as the service does, to a database of the module."""
    with new_ledger(postgres) as conninfo, open_pool(conninfo, role=schema.service_role(conninfo)) as pool:
        pool.wait()  # its threads draw random numbers while they connect, which hypothesis notices
        yield pool


@pytest.fixture
def subjects(pool: Pool, clock: Clock) -> Subjects:
    return Subjects(pool, clock)


@pytest.fixture
def tokens(issuer: LocalIssuer, subjects: Subjects, clock: Clock) -> SignedTokens:
    return SignedTokens(TrustedIssuer(url=issuer.url, audience=AUDIENCE), subjects, clock)
