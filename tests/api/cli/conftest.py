"""What tests of the command line share: running a command on a database, and a ledger with the sample in it."""

import os
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
from infrastructure.embedded_postgres import EmbeddedPostgres
from tests.databases import new_sample

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _settings_and_logs_of_this_test_alone(monkeypatch: pytest.MonkeyPatch, own_logs: None) -> None:
    for name in os.environ:
        if name.upper().startswith("P2C_"):
            monkeypatch.delenv(name)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process."""
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments)

    return run


@pytest.fixture
def on_empty(run: Run, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a database nobody has used."""
    monkeypatch.setenv("P2C_DATABASE_URL", empty_database)
    return run


@pytest.fixture
def on_ledger(run: Run, empty_ledger: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a ledger in which nothing is recorded."""
    monkeypatch.setenv("P2C_DATABASE_URL", empty_ledger)
    return run


@pytest.fixture(scope="session")
def sample_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database with the sample in it, for tests that only read."""
    with new_sample(postgres) as conninfo:
        yield conninfo


@pytest.fixture
def on_sample(run: Run, sample_database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a ledger that holds the sample."""
    monkeypatch.setenv("P2C_DATABASE_URL", sample_database)
    return run
