"""Where and how large everything is measured: one PostgreSQL, a database for each contender, and the sizes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure.embedded_postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"

CONNECTIONS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How long and how large. `register` is pledges, and facts of each."""

    rounds: int
    seconds: float
    ledger: tuple[int, int]
    one_by_one: int
    register: tuple[int, int]
    growing: int
    at_rest_seconds: float
    verified: tuple[int, int]


FULL = Sizes(
    rounds=5,
    seconds=2.0,
    ledger=(5_000, 10),
    one_by_one=1_000,
    register=(100_000, 10),
    growing=5_000,
    at_rest_seconds=60.0,
    verified=(10_000, 10),
)
QUICK = Sizes(
    rounds=3,
    seconds=0.7,
    ledger=(1_000, 10),
    one_by_one=200,
    register=(2_000, 10),
    growing=200,
    at_rest_seconds=10.0,
    verified=(1_000, 10),
)


@dataclass(frozen=True, slots=True)
class Bench:
    """The server that all contenders share, and the sizes."""

    server: EmbeddedPostgres
    sizes: Sizes

    @classmethod
    @contextmanager
    def on_a_server_of_its_own(cls, folder: Path, sizes: Sizes) -> Iterator[Self]:
        """A PostgreSQL as the service ships it, durable, but with connections for all contenders at once."""
        with EmbeddedPostgres.start(folder) as server, psycopg.connect(server.conninfo, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
        with EmbeddedPostgres.start(folder) as server:
            yield cls(server, sizes)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The connection string of a database nobody has used; it is dropped afterwards."""
        name = f"bench_{uuid4().hex}"
        self._administer("CREATE DATABASE {}", name)
        try:
            yield make_conninfo(self.server.conninfo, dbname=name)
        finally:
            self._administer("DROP DATABASE {} WITH (FORCE)", name)

    def settle(self) -> None:
        """Let the server write down what it put off, so that the next contender need not pay for it."""
        with psycopg.connect(self.server.conninfo, autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def _administer(self, statement: str, name: str) -> None:
        with psycopg.connect(self.server.conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def service_environment(conninfo: str, folder: Path, **settings: object) -> dict[str, str]:
    """The environment for a process of the service on a database, its files in the folder, nothing limited."""
    given = {
        "database_url": conninfo,
        "data_dir": folder,
        "rate_per_address": "off",
        "rate_per_token": "off",
        "log_level": "warning",
        **settings,
    }
    return {**plain_environment(), **{f"P2C_{name.upper()}": str(value) for name, value in given.items()}}


def plain_environment() -> dict[str, str]:
    """The environment without settings of the service."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("P2C_")}


def stock_environment(conninfo: str, connections: int) -> dict[str, str]:
    """The settings of the stock library for a database: its defaults, but for a pool that makes nobody wait."""
    parts = conninfo_to_dict(conninfo)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts["port"]),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": "none is asked for",
        "POSTGRES_POOL_SIZE": str(connections),
    }
