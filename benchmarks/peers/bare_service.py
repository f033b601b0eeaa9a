"""FastAPI handlers that select one row, and do nothing else: `python -m benchmarks.peers.bare_service PORT CONNINFO`.

Once with psycopg's pool in a plain function, once with its asynchronous pool in a coroutine.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import uvicorn
from fastapi import FastAPI, HTTPException
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool

CONNECTIONS = 20

TABLE = """
CREATE TABLE pledges (
    reference text PRIMARY KEY, version integer NOT NULL, title text NOT NULL, description text NOT NULL,
    lead uuid NOT NULL, sector text NOT NULL, type text NOT NULL, focus_area text NOT NULL, countries text[] NOT NULL,
    lifecycle text NOT NULL, announced_on date NOT NULL, promised numeric NOT NULL, delivered numeric NOT NULL
)
"""

_FILL = """
INSERT INTO pledges
SELECT reference, 5, 'Schools online', 'Fibre for rural schools.', gen_random_uuid(), 'private_sector', 'programmatic',
       'access', '{KEN,UGA}', 'in_progress', '2025-01-01', 1000, 3
FROM unnest(%s::text[]) AS reference
"""

_ONE = "SELECT * FROM pledges WHERE reference = %s"


def fill(conninfo: str, references: list[str]) -> None:
    """Make the table, with a pledge for each reference."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(TABLE)
        connection.execute(_FILL, (references,))
        connection.execute("VACUUM ANALYZE pledges")


def application(conninfo: str) -> FastAPI:
    """The service on a database that has been filled."""
    settings: dict[str, Any] = {
        "kwargs": {"autocommit": True, "row_factory": dict_row},
        "min_size": CONNECTIONS,
        "max_size": CONNECTIONS,
        "open": False,
    }
    plain, asynchronous = ConnectionPool(conninfo, **settings), AsyncConnectionPool(conninfo, **settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with plain:
            async with asynchronous:
                yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/alive")
    def alive() -> bool:
        return True

    @app.get("/plain/{reference}")
    def get(reference: str) -> dict[str, Any]:
        with plain.connection() as connection:
            return _found(connection.execute(_ONE, (reference,)).fetchone())

    @app.get("/async/{reference}")
    async def get_async(reference: str) -> dict[str, Any]:
        async with asynchronous.connection() as connection:
            return _found(await (await connection.execute(_ONE, (reference,))).fetchone())

    return app


def _found(row: Any) -> dict[str, Any]:
    if row is None:
        raise HTTPException(404)
    found: dict[str, Any] = row
    return found


if __name__ == "__main__":
    uvicorn.run(application(sys.argv[2]), port=int(sys.argv[1]), log_level="warning", access_log=False)
