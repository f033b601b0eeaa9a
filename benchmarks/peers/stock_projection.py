"""Our read models, kept by the stock `ProjectionRunner`: one transaction for each event, its tracking in it.

All of them in one transaction: a runner for each read model, as would be usual, would commit once for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

from audit.envelope import Entry, Envelopes
from projections.catalogue import READ_MODELS

_FILL = """
INSERT INTO stockledger_events (originator_id, originator_version, topic, state, notification_id)
SELECT originator_id, originator_version, topic, state, notification_id FROM ledger.events
WHERE notification_id <= %s ORDER BY notification_id
"""

_ENTER = "SELECT set_config('search_path', %s, true)"
_TRACK = "UPDATE tracking SET position = %s"


class EnvelopeReader(Mapper[UUID]):
    """Reads envelopes as entries, which our read models are made from."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())
        self._envelopes = Envelopes()

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The entry that a row holds."""
        return self._envelopes.read(stored_event.state, getattr(stored_event, "id", 0))


class StockLedger(Application[UUID]):
    """The ledger's entries in a table of the stock library."""

    def construct_mapper(self) -> Mapper[UUID]:
        """The one that reads envelopes."""
        return EnvelopeReader()


class ReadModels(PostgresTrackingRecorder):
    """All read models."""

    def tell(self, entry: Entry, tracking: Tracking) -> None:
        """Change the read models by an entry, and track it, in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            for model in READ_MODELS:
                cursor.execute(_ENTER, (model.name,))
                model.apply(cursor, [entry])
                cursor.execute(_TRACK, (entry.position,))
            self._insert_tracking(cursor, tracking)


class ReadModelsOfTheLedger(Projection[ReadModels]):
    """Tells the read models each entry."""

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """The next one."""
        self.view.tell(domain_event, tracking)


def fill(conninfo: str, environment: Mapping[str, str], entries: int) -> None:
    """Copy so many entries of the ledger in a database into the stock library's table beside it."""
    StockLedger(env=dict(environment)).close()  # makes the table
    with psycopg.connect(conninfo) as connection:
        connection.execute(_FILL, (entries,))


def project(environment: Mapping[str, str], entries: int, seconds: float) -> None:
    """Run until so many entries are told. Raises TimeoutError where that takes longer than so many seconds."""
    with ProjectionRunner(
        application_class=StockLedger,
        projection_class=ReadModelsOfTheLedger,
        view_class=ReadModels,
        env=dict(environment),
    ) as runner:
        runner.wait(entries, timeout=seconds)


def forget(conninfo: str) -> None:
    """Let nothing be told yet."""
    tables = [f"{model.name}.{table}" for model in READ_MODELS for table in model.table_names - {"tracking"}]
    with psycopg.connect(conninfo) as connection:
        connection.execute(f"TRUNCATE {', '.join(tables)}".encode())
        for model in READ_MODELS:
            connection.execute(f"UPDATE {model.name}.tracking SET position = 0".encode())
        connection.execute("DROP TABLE IF EXISTS readmodelsoftheledger_tracking")
