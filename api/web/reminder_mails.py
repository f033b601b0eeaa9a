"""The mails that remind of reports, with whom to write to where the visitor may know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode
from uuid import UUID

from api.exports.obligation_tables import obligation_table
from api.exports.tables import Cell, Table
from api.reports.reminders import Reminder, letters
from api.web.visits import Visit
from domain.obligations import Obligation
from infrastructure.contacts import Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that asks for a report; `to` are the lead's contact persons, none where the visitor may not know them."""

    owed: Obligation
    reminder: Reminder
    to: Sequence[Contact]

    @property
    def addresses(self) -> str:
        """The addresses, as a mail program takes them."""
        return ", ".join(contact.email for contact in self.to)

    @property
    def mailto(self) -> str:
        """The address that opens the mail in the visitor's own program (RFC 6068)."""
        to = ",".join(quote(contact.email, safe="@") for contact in self.to)
        said = {"subject": self.reminder.subject, "body": self.reminder.text}
        return f"mailto:{to}?{urlencode(said, quote_via=quote)}"


def mails(visit: Visit, owed: Sequence[Obligation]) -> list[Mail]:
    """One mail for each obligation, in the language of the visit."""
    written, contacts = letters(visit.texts), _contacts(visit, owed)
    return [Mail(owed=one, reminder=written.reminder(one), to=contacts.get(one.lead, ())) for one in owed]


def mails_table(visit: Visit, owed: Sequence[Obligation]) -> Table:
    """The same as a table to merge into mails: that of the obligations, with the addresses before each."""
    table, addressed = obligation_table(owed, letters(visit.texts)), mails(visit, owed)
    return replace(
        table, title="reminders", columns=("mail_to", *table.columns), rows=_with_addresses(addressed, table.rows)
    )


def _with_addresses(addressed: Iterable[Mail], rows: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    for mail, row in zip(addressed, rows, strict=True):
        yield (mail.addresses, *row)


def _contacts(visit: Visit, owed: Iterable[Obligation]) -> Mapping[UUID, Sequence[Contact]]:
    return visit.service.contacts.of_each({one.lead for one in owed}) if visit.may("contacts") else {}
