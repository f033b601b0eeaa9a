"""A real server, and people who fill in forms as their browsers would, without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from infrastructure.bootstrap import Service, open_on
from infrastructure.signing import Signing
from tests.api.web.recording.people import Person, Register


@pytest.fixture(scope="module")
def service(conninfo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The whole service, with a key: each test makes its own pledges."""
    with open_on(conninfo, signing=Signing(folder=tmp_path_factory.mktemp("keys"), origin="example.org/l")) as service:
        yield service


@pytest.fixture(scope="module")
def register(service: Service) -> Register:
    return Register(service)


@pytest.fixture(scope="module")
def signing_in(server: str, register: Register) -> Iterator[Callable[[str | None], Person]]:
    """Lets somebody sign in who speaks for an organisation, in a role, or for nobody."""
    with ExitStack() as stack:
        yield lambda who: stack.enter_context(Person(server, register.secret_of(who)))


@pytest.fixture(scope="module")
def pledger(signing_in: Callable[[str | None], Person]) -> Person:
    return signing_in("Hirondelle Telecom")


@pytest.fixture(scope="module")
def bdt(signing_in: Callable[[str | None], Person]) -> Person:
    return signing_in("bdt")


@pytest.fixture(scope="module")
def stranger(signing_in: Callable[[str | None], Person]) -> Person:
    return signing_in(None)
