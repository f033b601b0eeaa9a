"""A snapshot of a restored ledger, on another server's database, is the same to the byte."""

from __future__ import annotations

from datetime import date

import psycopg

from audit.canonical import canonical
from domain.dimensions import Attribution, Dimension, Division
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from tests.databases import new_sample

POSITIONS = (0, 150, 300, 404)
DAYS = (date(2023, 6, 30), date(2026, 11, 23), date(2026, 11, 24))
GROUPING = Division(by=(Dimension.REGION, Dimension.SECTOR), attribution=Attribution.SPLIT)


def documents(service: Service) -> list[bytes]:
    """Snapshots of many moments, and what changed between two."""
    service.projections.catch_up()
    resolve = service.register.resolve
    taken = [service.snapshots.take(resolve(p, day), GROUPING) for p in POSITIONS for day in DAYS]
    changed = service.differences.between(resolve(150, DAYS[0]), resolve(404, DAYS[2]), Division())
    return [canonical(document) for document in (*taken, changed)]


def test_a_restored_ledger_gives_the_same_documents(empty_ledger: str, postgres: EmbeddedPostgres):
    with new_sample(postgres) as original, open_on(original) as service:
        before = documents(service)
        copy_events(original, empty_ledger)
    with open_on(empty_ledger) as restored:
        assert documents(restored) == before
    assert len(set(before)) > len(DAYS), "the moments differ"


def copy_events(source: str, target: str) -> None:
    """What a logical restore does: the rows of the ledger, as they are."""
    with (
        psycopg.connect(source) as there,
        psycopg.connect(target) as here,
        there.cursor().copy("COPY ledger.events TO STDOUT") as out,
        here.cursor().copy("COPY ledger.events FROM STDIN") as into,
    ):
        for part in out:
            into.write(part)
