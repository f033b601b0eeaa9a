"""What tests of the command line share: running a command on a database, and a ledger with the sample in it."""

import os
import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner, Result

from api.cli.main import app
from application.sample.loading import load_sample
from infrastructure.bootstrap import open_on
from infrastructure.embedded_postgres import EmbeddedPostgres

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


@pytest.fixture(scope="session")
def sample_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database with the sample in it, for tests that only read."""
    name = f"sample_{uuid.uuid4().hex}"
    conninfo = make_conninfo(postgres.conninfo, dbname=name)
    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with open_on(conninfo) as service:
            load_sample(service.ledger, service.commands)
            service.projections.catch_up()
        yield conninfo
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def on_sample(run: Run, sample_database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a ledger that holds the sample."""
    monkeypatch.setenv("P2C_DATABASE_URL", sample_database)
    return run
