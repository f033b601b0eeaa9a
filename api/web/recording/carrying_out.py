"""From a form that was sent to facts that are recorded: once, and not over what its sender does not know of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from api.web.recording.descriptions import RecordingForm
from api.web.recording.documents import Document
from api.web.recording.subject import Subject
from application.access import Principal
from application.commands import Commands, IdempotencyKeyReused, Request, VersionMismatch
from application.ledger import Ledger, LedgerBusy
from audit.canonical import canonical
from audit.envelope import Entry
from domain.commands import Announce, PledgeCommand
from domain.events import PledgeEvent
from domain.pledge import Pledge

ATTEMPTS = 5
"""How often a form is looked at again because somebody recorded something that it does not mind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """What was recorded since the form was opened, up to the version `version`; nothing of the form is recorded."""

    entries: Sequence[Entry]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One form as it was sent: by whom, under which key, stating what, knowing the pledge up to which version."""

    by: Principal
    key: str
    path: str
    document: Document
    told: int

    @property
    def fingerprint(self) -> bytes:
        """The SHA-256 of what is stated and where: the same form sent twice has the same."""
        return hashlib.sha256(b"\0".join((b"POST", self.path.encode(), canonical(self.document)))).digest()

    def request(self, expected_version: int | None) -> Request:
        """What the command is sent with."""
        return Request(
            actor=self.by.actor,
            scopes=self.by.scopes,
            idempotency_key=self.key,
            fingerprint=self.fingerprint,
            expected_version=expected_version,
        )


def carry_out(
    commands: Commands,
    ledger: Ledger,
    form: RecordingForm,
    subject: Subject,
    command: PledgeCommand,
    sending: Sending,
) -> Overtaken | None:
    """Record what the form says, unless that was done before; or tell what its sender has to know of first.

    Raises as `Commands.change_pledge` does.
    """
    if _is_recorded(commands, sending):
        return None
    if isinstance(command, Announce):
        commands.announce(command, sending.request(None))
        return None
    pledge = cast("Pledge", subject.now)
    for _ in range(ATTEMPTS):
        since = ledger.entries(pledge.id, first=sending.told + 1)
        if any(form.minds(cast("PledgeEvent", entry.event), subject.contribution) for entry in since):
            # It may be this very form that was recorded meanwhile, sent twice at once.
            if _is_recorded(commands, sending):
                return None
            return Overtaken(entries=since, version=since[-1].event.originator_version)
        try:
            commands.change_pledge(pledge.reference, command, sending.request(sending.told + len(since)))
        except VersionMismatch:
            continue
        return None
    raise LedgerBusy("others kept changing the same pledge")


def _is_recorded(commands: Commands, sending: Sending) -> bool:
    receipt = commands.receipt(sending.by, sending.key)
    if receipt is not None and receipt.fingerprint != sending.fingerprint:
        raise IdempotencyKeyReused(sending.key)
    return receipt is not None
