"""What only the superuser of the database can do, which the service as it works is not."""

from __future__ import annotations

from typing import Any

import psycopg

from infrastructure.bootstrap import Service


def superuser(service: Service, **settings: Any) -> psycopg.Connection[Any]:
    """A connection to the service's database as the user who owns the server, in no other role."""
    return psycopg.connect(str(service.pool.conninfo), options="", **settings)
