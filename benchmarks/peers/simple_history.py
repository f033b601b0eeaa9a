"""Django with django-simple-history: the status of pledges as a model with a history table.

Django is configured when this is imported, for the one database that `connected` names. The index of the history's date
is the composite one that the documentation has for `as_of`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import django
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

DATABASE: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "NAME": ""}

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "simple_history", "benchmarks.peers"],
    DATABASES={"default": DATABASE},
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    SIMPLE_HISTORY_DATE_INDEX="Composite",
)
django.setup()

from django.contrib.postgres.fields import ArrayField  # noqa: E402 - models need the settings
from django.db import connection, models  # noqa: E402
from simple_history.models import HistoricalRecords  # noqa: E402

DOLLARS = {"max_digits": 30, "decimal_places": 2}


class Pledge(models.Model):  # type: ignore[misc]
    """What a status snapshot says of a pledge."""

    id = models.UUIDField(primary_key=True)
    reference = models.TextField(db_index=True)
    title = models.TextField()
    lead = models.UUIDField()
    lead_sector = models.TextField()
    type = models.TextField()
    focus_area = models.TextField()
    lifecycle = models.TextField()
    published = models.BooleanField()
    standing = models.BooleanField()
    countries = ArrayField(models.TextField())
    sdgs = ArrayField(models.IntegerField())
    value_usd = models.DecimalField(**DOLLARS)
    announced_usd = models.DecimalField(**DOLLARS)
    validated_usd = models.DecimalField(**DOLLARS)
    delivered_usd = models.DecimalField(**DOLLARS)
    verified_usd = models.DecimalField(**DOLLARS)
    reports = models.IntegerField()
    announced_on = models.DateField()
    due_on = models.DateField(null=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        app_label = "peers"


RUNGS = ("announced_usd", "validated_usd", "delivered_usd", "verified_usd")
COLUMNS = tuple(field.attname for field in Pledge._meta.concrete_fields)  # noqa: SLF001 - public by documentation

# The history that Django would have written: one row for each change, as the pledge was after it.
_FILL = """
INSERT INTO {table} ({columns}, history_date, history_type, history_change_reason)
SELECT {columns}, recorded_at, CASE version WHEN 1 THEN '+' ELSE '~' END, NULL FROM pledge_status.pledges
"""


@contextmanager
def connected(conninfo: str) -> Iterator[SimpleHistory]:
    """The history of the pledges in a database of ours, in tables beside them."""
    parts = conninfo_to_dict(conninfo)
    connection.close()
    connection.settings_dict.update(
        NAME=parts["dbname"], HOST=parts["host"], PORT=parts["port"], USER=parts["user"], PASSWORD=""
    )
    try:
        yield SimpleHistory()
    finally:
        connection.close()


class SimpleHistory:
    """Asks Django about moments."""

    def fill(self) -> int:
        """Make the tables, with the history of every pledge; how many rows it has."""
        historical = Pledge.history.model
        with connection.schema_editor() as editor:
            editor.create_model(historical)
        table = historical._meta.db_table  # noqa: SLF001
        with connection.cursor() as cursor:
            cursor.execute(_FILL.format(table=table, columns=", ".join(COLUMNS)))
            rows = int(cursor.rowcount)
            cursor.execute(f"VACUUM ANALYZE {table}")
        return rows

    def totals(self, at: datetime) -> dict[str, Any]:
        """How many pledges are admitted and not withdrawn, and what they come to, at an instant."""
        standing = Pledge.history.as_of(at).filter(standing=True)
        found: dict[str, Any] = standing.aggregate(pledges=models.Count("*"), **{n: models.Sum(n) for n in RUNGS})
        return found

    def rows(self, at: datetime) -> Sequence[tuple[Any, ...]]:
        """The status of every pledge that BDT has admitted, at an instant, by reference."""
        return list(Pledge.history.as_of(at).filter(published=True).order_by("reference").values_list(*COLUMNS))

    def milliseconds_in_database(self, ask: Callable[[], object]) -> float:
        """What planning and carrying out the statements of a question take, by the server's own clock."""
        noted: list[tuple[str, Any]] = []

        def note(execute: Callable[..., Any], text: str, values: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
            noted.append((text, values))
            return execute(text, values, many, context)

        with connection.execute_wrapper(note):
            ask()
        return sum(_explained(text, values) for text, values in noted)


def _explained(text: str, values: Any) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {text}", values)
        ((found,),) = cursor.fetchall()
    (plan,) = json.loads(found) if isinstance(found, str) else found
    return float(plan["Planning Time"]) + float(plan["Execution Time"])
