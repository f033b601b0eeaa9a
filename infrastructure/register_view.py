"""What the register has from an import, read from the ledger itself: never behind, whatever the read models do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from application.register_import.register import IMPORT_KEY, RegisterState
from audit.envelope import Entry, Envelopes
from domain import organisation as organisations
from domain import pledge as pledges
from domain.events import Announced, AnyEvent, Deactivated, Registered, Renamed
from domain.organisation import Organisation
from domain.pledge import Pledge
from infrastructure.database import Pool

# The stored bytes are searched for the register's name as they hold it: a quick choice of candidates, in which the
# decoded facts then decide.
_PLEDGES_OF_REGISTER = """
SELECT notification_id AS position, state
FROM ledger.events
WHERE originator_id IN (
    SELECT originator_id FROM ledger.events
    WHERE topic LIKE 'pledge.announced.%%' AND position(%s::bytea IN state) > 0
)
ORDER BY originator_id, originator_version
"""

_ORGANISATIONS = """
SELECT notification_id AS position, state
FROM ledger.events
WHERE topic LIKE 'organisation.%'
ORDER BY notification_id
"""

_EXISTING = "SELECT originator_id FROM ledger.events WHERE originator_id = ANY(%s) AND originator_version = 1"


class LedgerRegisterView:
    """Folds what the ledger says of one register."""

    def __init__(self, pool: Pool, envelopes: Envelopes) -> None:
        self._pool = pool
        self._envelopes = envelopes

    def state(self, register: str) -> RegisterState:
        """What came from this register before."""
        name = json.dumps(register, ensure_ascii=False).encode()
        histories = [h for h in _by_stream(self._entries(_PLEDGES_OF_REGISTER, name)) if _is_from(register, h)]
        imported = [
            entry
            for history in histories
            for entry in history
            if (entry.event.idempotency_key or "").startswith(IMPORT_KEY)
        ]
        return RegisterState(
            pledges=tuple(pledge for history in histories if (pledge := _pledge(history)) is not None),
            organisations=_by_name(self._entries(_ORGANISATIONS)),
            last_exported_on=max((entry.event.effective_on for entry in imported), default=None),
            imported_up_to=max((entry.position for entry in imported), default=0),
        )

    def existing(self, ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of the pledge ids that are taken."""
        with self._pool.connection() as connection:
            rows = connection.execute(_EXISTING, (list(ids),)).fetchall()
        return frozenset(row["originator_id"] for row in rows)

    def _entries(self, query: str, *parameters: object) -> Sequence[Entry]:
        with self._pool.connection() as connection:
            rows = connection.execute(query, parameters or None).fetchall()
        return [self._envelopes.read(bytes(row["state"]), row["position"]) for row in rows]


def _by_stream(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    history: list[Entry] = []
    for entry in entries:
        if history and history[0].event.originator_id != entry.event.originator_id:
            yield history
            history = []
        history.append(entry)
    if history:
        yield history


def _is_from(register: str, history: list[Entry]) -> bool:
    first = history[0].event
    return isinstance(first, Announced) and first.source is not None and first.source.register == register


def _pledge(history: list[Entry]) -> Pledge | None:
    return pledges.fold(None, (entry.event for entry in history))  # type: ignore[misc]


def _by_name(entries: Sequence[Entry]) -> dict[str, Organisation]:
    """Every organisation by its former names and, before them, by its present one; of two, an active one."""
    histories: dict[UUID, list[AnyEvent]] = {}
    for entry in entries:
        histories.setdefault(entry.event.originator_id, []).append(entry.event)
    former: dict[str, Organisation] = {}
    present: dict[str, Organisation] = {}
    for history in histories.values():
        facts = [event for event in history if isinstance(event, Registered | Renamed | Deactivated)]
        organisation = organisations.fold(None, facts)
        if organisation is None:
            continue
        for fact in facts:
            if isinstance(fact, Renamed):
                former.setdefault(fact.former_name, organisation)
        if organisation.name not in present or not present[organisation.name].active:
            present[organisation.name] = organisation
    return {**former, **present}
