"""What must be so when all is over: nothing acknowledged is lost, nothing is half done, and the evidence holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from audit.envelope import Entry, Envelopes
from audit.verification import verify
from domain.events import PartiallyFulfilled
from infrastructure.bootstrap import Service, open_service
from infrastructure.settings import Settings
from projections.catalogue import READ_MODELS
from tests.faults.load import Load

NOTHING_TO_TELL = {"portfolio.ahead", "portfolio.calendar", "portfolio.members"}
"""Tables that stay empty: all is true when it is recorded, and nothing is admitted."""

FOR_MANY_ENTRIES = {"transparency.bundles"}
"""Tables that stay empty while there are few entries."""


def require_nothing_lost(settings: Settings, load: Load) -> None:
    """Every acknowledged event is stored once, with all of its command, and nothing else is; read models are as if
    rebuilt; the exported ledger verifies. The service has ended."""
    assert [client.unexpected for client in load.clients if client.unexpected] == []
    assert all(client.acknowledged for client in load.clients), "somebody got nothing done at all"
    with open_service(settings) as service:
        require_everything_once(everything_in(service), load)
        require_read_models_as_rebuilt(service)
        require_verifies(service, Path(settings.data_dir) / "bundle.zip")


def everything_in(service: Service) -> list[Entry]:
    stored = service.ledger.recorder.select_notifications(1, 1_000_000)
    return [Envelopes().read(s.state, s.id) for s in stored]


def require_everything_once(entries: Sequence[Entry], load: Load) -> None:
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.recorded_at for entry in entries] == sorted(entry.recorded_at for entry in entries)
    delivered = Counter(
        contribution.id
        for entry in entries
        if isinstance(entry.event, PartiallyFulfilled)
        for contribution in entry.event.contributions
    )
    promised = [f"{key}{half}" for client in load.clients for key in client.acknowledged for half in "ab"]
    assert delivered == Counter(promised)
    at = {entry.position: entry.event.idempotency_key for entry in entries}
    for client in load.clients:
        for key, positions in client.acknowledged.items():
            assert [at[position] for position in positions] == [key, key]


def require_read_models_as_rebuilt(service: Service) -> None:
    service.projections.catch_up()
    followed = contents(service)
    for model in READ_MODELS:
        service.projections.rebuild(model.name, lambda position, head: None)
    assert contents(service) == followed
    assert {table for table, rows in followed.items() if not rows} - FOR_MANY_ENTRIES == NOTHING_TO_TELL


def contents(service: Service) -> dict[str, list[str]]:
    """Every row of every read model, in an order of its own."""
    tables = [(model.name, table) for model in READ_MODELS for table in sorted(model.table_names - {"tracking"})]
    with psycopg.connect(str(service.pool.conninfo)) as connection:
        return {
            f"{schema}.{table}": sorted(
                str(row)
                for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table)))
            )
            for schema, table in tables
        }


def require_verifies(service: Service, bundle: Path) -> None:
    """Whether an auditor, who trusts nobody, finds the whole ledger in order."""
    assert service.bundles.write(bundle).problem is None
    report = verify(bundle)
    assert report.findings == [], report.findings
