"""Small bundles, made without a database: what an honest ledger would export."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audit import bundle
from audit.bundle import Contents, Noticed
from audit.canonical import canonical
from audit.checkpoint import Checkpoint, SignedCheckpoint
from audit.envelope import Envelopes, stamp
from audit.merkle import Frontier, leaf_hashes
from audit.signed_note import Note, SigningKey
from audit.snapshot import RULES_VERSION, Selection, identity_of, snapshot
from domain import organisation as organisations
from domain.dimensions import Dimension
from domain.events import AnyEvent, PledgeEvent, Published
from domain.organisation import Organisation
from domain.pledge import fold
from domain.status import status_of
from tests.given import ACTOR, TODAY, organisation
from tests.projections.ledgers import busy_life, registered

KEY = SigningKey("example.org/ledger", bytes(range(32)))
BUNDLE_KEY = KEY.verifier
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(slots=True)
class SmallLedger:
    """Entries as a ledger would store them, with what was signed and published of them."""

    entries: list[bytes] = field(default_factory=list)
    checkpoints: dict[int, bytes] = field(default_factory=dict)
    snapshots: dict[uuid.UUID, bytes] = field(default_factory=dict)
    noticed: list[Noticed] = field(default_factory=list)

    def append(self, *facts: AnyEvent) -> None:
        for fact in facts:
            at = START + timedelta(hours=len(self.entries))
            self.entries.append(stamp(Envelopes().write(fact), at))

    def root(self, size: int | None = None) -> bytes:
        tree = Frontier()
        tree.extend(leaf_hashes(self.entries[:size]))
        return tree.root()

    def sign(self, *keys: SigningKey) -> SignedCheckpoint:
        point = Checkpoint(origin=KEY.name, size=len(self.entries), root=self.root())
        signed = SignedCheckpoint(checkpoint=point, note=Note.signed(point.text(), keys or (KEY,)))
        self.checkpoints[point.size] = bytes(signed)
        return signed

    def publish(
        self, pledges: Iterable[Sequence[PledgeEvent]], organisations: Mapping[uuid.UUID, Organisation]
    ) -> None:
        folded = [pledge for life in pledges if (pledge := fold(None, life))]
        position = len(self.entries)
        document = snapshot(
            Selection(
                position=position,
                root=self.root(),
                recorded_at=START + timedelta(hours=position - 1),
                effective_on=TODAY,
                rules_version=RULES_VERSION,
                group_by=(Dimension.COUNTRY,),
            ),
            map(status_of, folded),
            organisations,
        )
        id = uuid.uuid4()
        self.snapshots[id] = canonical(document)
        self.append(
            Published(
                originator_id=id,
                originator_version=1,
                effective_on=TODAY,
                actor=ACTOR,
                command_id=uuid.uuid4(),
                title="The register",
                snapshot=identity_of(document),
            )
        )

    def bundle(self, *, keys: Sequence[SigningKey] = (KEY,)) -> bytes:
        target = io.BytesIO()
        bundle.write(
            target,
            Contents(
                origin=KEY.name,
                entries=self.entries,
                leaf_hashes=leaf_hashes(self.entries),
                checkpoints=self.checkpoints,
                keys=[key.verifier for key in keys],
                snapshots=self.snapshots.items(),
                noticed=self.noticed,
            ),
        )
        return target.getvalue()


def honest() -> SmallLedger:
    """Two pledges and their lead, signed three times, published once."""
    ledger = SmallLedger()
    lead = organisation("Lead")
    joined = replace(registered("Lead"), originator_id=lead.id, country=lead.country, region=lead.region)
    lives = [busy_life("T-1"), busy_life("T-2")]
    ledger.append(joined, *lives[0])
    ledger.sign()
    ledger.append(*lives[1])
    ledger.sign()
    known = organisations.evolve(None, joined)
    assert known is not None, "whoever registers is there"
    ledger.publish(lives, {lead.id: known})
    ledger.sign()
    return ledger


def changed(content: bytes, name: str, change: Callable[[bytes], bytes | None]) -> bytes:
    """The bundle with one file of it changed, or left out."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            inside: bytes | None = old.read(info)
            if info.filename == name:
                inside = change(old.read(info))
            if inside is not None:
                new.writestr(info.filename, inside)
    return target.getvalue()


def stored(content: bytes, folder: Path) -> Path:
    path = folder / f"{uuid.uuid4()}.zip"
    path.write_bytes(content)
    return path
