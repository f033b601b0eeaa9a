"""Contact persons: personal data, kept beside the ledger, where it can be changed and erased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from infrastructure.database import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person to write to; `id` is the person's task for the organisation, such as `focal-point`."""

    id: str
    name: str
    email: str
    phone: str | None = None


class Contacts:
    """The contact persons of organisations. Nothing in the ledger refers to them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def of(self, organisation: UUID) -> Sequence[Contact]:
        """Those of an organisation."""
        with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Contact)) as cursor:
            return cursor.execute(
                "SELECT id, name, email, phone FROM ledger.contacts WHERE organisation_id = %s ORDER BY id",
                (organisation,),
            ).fetchall()

    def of_each(self, organisations: Iterable[UUID]) -> Mapping[UUID, Sequence[Contact]]:
        """Those of several organisations; who has none is left out."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT organisation_id, id, name, email, phone FROM ledger.contacts WHERE organisation_id = ANY(%s)"
                " ORDER BY organisation_id, id",
                (list(organisations),),
            ).fetchall()
        found: defaultdict[UUID, list[Contact]] = defaultdict(list)
        for row in rows:
            found[row.pop("organisation_id")].append(Contact(**row))
        return found

    def put(self, organisation: UUID, contact: Contact) -> None:
        """Let this be the contact for the task; whoever was before is forgotten."""
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO ledger.contacts (organisation_id, id, name, email, phone) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (organisation_id, id) DO UPDATE"
                " SET name = excluded.name, email = excluded.email, phone = excluded.phone",
                (organisation, contact.id, contact.name, contact.email, contact.phone),
            )

    def erase(self, organisation: UUID, id: str) -> bool:
        """Forget a contact for good; whether there was one."""
        with self._pool.connection() as connection:
            erased = connection.execute(
                "DELETE FROM ledger.contacts WHERE organisation_id = %s AND id = %s", (organisation, id)
            )
            return erased.rowcount == 1
