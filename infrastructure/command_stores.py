"""What commands need beside the events: receipts, reference numbers and exchange rates, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import psycopg
from psycopg.rows import DictRow

from application.ports import Receipt
from domain.values import UsdRate
from infrastructure.database import Pool


class StoredReceipts:
    """The receipts recorded with the facts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def find(self, scope: str, idempotency_key: str) -> Receipt | None:
        """The receipt of an earlier command with this key, if there is one."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT fingerprint, stream_id, first_version, last_version FROM ledger.commands"
                " WHERE scope = %s AND idempotency_key = %s",
                (scope, idempotency_key),
            ).fetchone()
        if row is None:
            return None
        return Receipt(
            scope=scope,
            idempotency_key=idempotency_key,
            fingerprint=bytes(row["fingerprint"]),
            stream_id=row["stream_id"],
            first_version=row["first_version"],
            last_version=row["last_version"],
        )


class StoredReferenceNumbers:
    """The numbers of the references of a year."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def next(self, year: int) -> int:
        """A number that was not given before; one that is not used afterwards stays unused."""
        return self.take(year, 1).start

    def take(self, year: int, count: int) -> range:
        """So many numbers in a row, none of them given before."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "INSERT INTO ledger.reference_numbers AS taken (year, last) VALUES (%(year)s, %(count)s)"
                " ON CONFLICT (year) DO UPDATE SET last = taken.last + %(count)s RETURNING last",
                {"year": year, "count": count},
            ).fetchone()
        if row is None:
            raise LookupError(f"no number was given for {year}")
        last = int(row["last"])
        return range(last - count + 1, last + 1)

    def last(self, year: int) -> int:
        """The last number that was given; 0 while there is none."""
        with self._pool.connection() as connection:
            row = connection.execute("SELECT last FROM ledger.reference_numbers WHERE year = %s", (year,)).fetchone()
        return int(row["last"]) if row else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRate:
    """What one unit of a currency was worth in US dollars in a month, as BDT published it."""

    currency: str
    month: date
    rate: Decimal
    source: str


class PublishedExchangeRates:
    """The published rates, by month; a month's rate is published once and stays."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def rate(self, currency: str, on: date) -> UsdRate | None:
        """What one unit of the currency was worth in US dollars in the month of `on`, if that was published."""
        month = on.replace(day=1)
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT rate, source FROM ledger.exchange_rates WHERE currency = %s AND month = %s",
                (currency, month),
            ).fetchone()
        return UsdRate(rate=row["rate"], on=month, source=row["source"]) if row else None

    def publish(self, rates: Sequence[PublishedRate]) -> Sequence[PublishedRate]:
        """Publish rates, all or none; those that were published before with another figure, if any.

        Nothing is stored where there are such: recorded money was reckoned with the old figure.
        """
        with self._pool.connection() as connection, connection.transaction() as transaction:
            clashes = [rate for rate in rates if not self._publish_one(connection, rate)]
            transaction.force_rollback = bool(clashes)
        return clashes

    @staticmethod
    def _publish_one(connection: psycopg.Connection[DictRow], rate: PublishedRate) -> bool:
        row = connection.execute(
            "INSERT INTO ledger.exchange_rates AS known (currency, month, rate, source) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (currency, month) DO UPDATE SET rate = known.rate RETURNING rate, source",
            (rate.currency, rate.month, rate.rate, rate.source),
        ).fetchone()
        return row is not None and (row["rate"], row["source"]) == (rate.rate, rate.source)

    def published(
        self, currency: str | None = None, *, by: datetime | None = None, month_until: date | None = None
    ) -> Sequence[PublishedRate]:
        """All published rates, or one currency's, the latest month first.

        With `by` those published by that instant, with `month_until` those of months that began by that day.
        """
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT currency, month, rate, source FROM ledger.exchange_rates"
                " WHERE (currency = %(currency)s OR %(currency)s::text IS NULL)"
                " AND (published_at <= %(by)s OR %(by)s::timestamptz IS NULL)"
                " AND (month <= %(month_until)s OR %(month_until)s::date IS NULL) ORDER BY month DESC, currency",
                {"currency": currency, "by": by, "month_until": month_until},
            ).fetchall()
        return [PublishedRate(**row) for row in rows]
