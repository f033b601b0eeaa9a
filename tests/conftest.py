"""What tests share: the database, and how hypothesis looks for examples."""

import gc
import logging
import os
import shutil
import ssl
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import hypothesis
import pytest
import structlog

from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from tests.databases import new_database, new_ledger
from tests.room_for_frames import RoomForTests
from tests.run_folder import run_folder
from tests.running_order import in_running_order

# Until all tests are found hardly anything is thrown away, and looking for it takes a fifth of the time.
gc.disable()

DATABASE_FIXTURES = {"postgres"}

# No deadlines: how fast an example runs says something about the machine, not about the code.
hypothesis.settings.register_profile("developer", deadline=None)
# The same examples each time, so that a change is never refused for what it did not touch.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
# As the service does: the library's own way shows the values of every variable, and takes seconds for it.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "developer"))


@cache
def _trusting(_cert_file: str | None, _cert_dir: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _create_ssl_context(verify: ssl.SSLContext | bool = True, **given: Any) -> ssl.SSLContext:
    if verify is True and given == {"cert": None, "trust_env": True}:
        return _trusting(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    return httpx.create_ssl_context(verify, **given)


# A client reads the certificates of all authorities of the web, which takes twenty milliseconds. Tests make thousands
# of clients, which speak plain HTTP; what those trust that do not is read once.
mock.patch("httpx._transports.default.create_ssl_context", _create_ssl_context).start()

_shared_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Let all workers share one server: the first to need it starts it, the last to end stops it.

    The folder is the controller's, who outlives the workers. It is not pytest's own temporary folder, which
    pytest closes to other users at each start, and with it to the server's user when tests run as root.
    """
    given = getattr(config, "workerinput", {}).get("postgres_folder")
    config.stash[_shared_folder] = Path(given) if given else run_folder()
    config.pluginmanager.register(RoomForTests())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker of pytest-xdist which folder is shared."""
    node.workerinput["postgres_folder"] = str(node.config.stash[_shared_folder])  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[_shared_folder])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a database, before pytest chooses by marker, and let workers begin with what waits."""
    for item in items:
        if DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
    items[:] = in_running_order(items, getattr(config, "workerinput", {}).get("workercount", 1))


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what lives as long as the run: thousands of tests and what they import.

    It looks less often, too: a test leaves much behind at once, above all one that makes up many examples.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    gc.enable()


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[EmbeddedPostgres]:
    """The one real server of this test run, with its shipped settings (fsync on), in memory where there is room."""
    with EmbeddedPostgres.start(pytestconfig.stash[_shared_folder]) as server:
        yield server


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Connection string of a database nobody has used; dropped afterwards, whoever is still connected."""
    with new_database(postgres) as conninfo:
        yield conninfo


@pytest.fixture
def empty_ledger(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The same of a database with the schema, in which nothing is recorded."""
    with new_ledger(postgres) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def conninfo(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A ledger that the tests of a module share; empty, unless they say otherwise."""
    with new_ledger(postgres) as conninfo:
        yield conninfo


@pytest.fixture
def service(empty_ledger: str) -> Iterator[Service]:
    """The whole service on a ledger of its own."""
    with open_on(empty_ledger) as service:
        yield service


@pytest.fixture
def own_logs() -> Iterator[None]:
    """Logging of this test alone: a command sets it up for its whole process, with a stream that a test may close."""
    root, thread_hook, structured = logging.getLogger(), threading.excepthook, structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    threading.excepthook = thread_hook
    structlog.configure(**structured)
