"""Measures the offline verifier: `python -m benchmarks.verification [PLEDGES EVENTS]`, each on one core.

A bundle is made of facts like any other's, with one checkpoint for every thousand entries and one published snapshot of
all pledges, and verified by a process of its own, so that the memory told is the verifier's alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from rich.console import Console
from rich.table import Table

from audit import bundle
from audit.bundle import Contents
from audit.checkpoint import Checkpoint
from audit.envelope import Envelopes, stamp
from audit.leaf_log import LeafLog
from audit.merkle import leaf_hash
from audit.signed_note import Note, SigningKey
from audit.snapshot import RULES_VERSION, Selection, snapshot_in_parts
from benchmarks.point_in_time import ACTOR, facts
from domain.circumstances import Circumstances, header
from domain.dimensions import Dimension
from domain.events import AnyEvent, PledgeEvent, Published, SnapshotIdentity
from domain.pledge import Pledge, evolve
from domain.status import status_of

ROUNDS = 3
EVERY = 1_000
KEY = SigningKey("example.org/benchmark", bytes(range(32)))

_CHILD = """
import json, re, sys, time
from pathlib import Path
from audit.verification import Trust, verify
from audit.signed_note import VerifierKey
begun = time.perf_counter()
report = verify(Path(sys.argv[1]), Trust(keys=(VerifierKey.parse(sys.argv[2]),)), replay=sys.argv[3] == "replay")
seconds = time.perf_counter() - begun
assert report.holds, report.findings
# Not that of getrusage, which counts what the process was before it became this one.
memory = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"seconds": seconds, "mebibytes": memory, "entries": report.entries}))
"""


def made(path: Path, pledges: int, each: int) -> None:
    """Write a bundle of so many pledges with so many facts each, and a published snapshot of all of them at the end."""
    envelopes, known = Envelopes(), dict[UUID, Pledge | None]()
    stored: list[bytes] = []
    with LeafLog() as log:

        def store(event: AnyEvent, recorded: datetime) -> None:
            stored.append(stamp(envelopes.write(event), recorded))
            log.extend([leaf_hash(stored[-1])])

        for recorded, event in facts(pledges, each):
            if isinstance(event, PledgeEvent):
                known[event.originator_id] = evolve(known.get(event.originator_id), event)
            store(event, recorded)
        position, last, id = log.size, recorded, UUID(int=1)
        in_order = sorted((pledge for pledge in known.values() if pledge), key=lambda pledge: pledge.reference)
        of = Selection(
            position=position,
            root=log.roots([position])[position],
            recorded_at=last,
            effective_on=last.date(),
            rules_version=RULES_VERSION,
            group_by=(Dimension.COUNTRY,),
        )
        digest, parts = snapshot_in_parts(of, map(status_of, in_order), {})
        document = b"".join(parts)
        identity = SnapshotIdentity(
            position=position,
            effective_on=of.effective_on,
            rules_version=RULES_VERSION,
            digest=digest,
            group_by=tuple(str(dimension) for dimension in of.group_by),
        )
        at = Circumstances(actor=ACTOR, today=of.effective_on, command_id=uuid4())
        store(Published(**header(id, 0, at, of.effective_on), title="Everything", snapshot=identity), last)
        sizes = [*range(EVERY, log.size, EVERY), log.size]
        roots = log.roots(sizes)
        checkpoints = {
            size: bytes(Note.signed(Checkpoint(origin=KEY.name, size=size, root=roots[size]).text(), [KEY]))
            for size in sizes
        }
        contents = Contents(
            origin=KEY.name,
            entries=stored,
            leaf_hashes=log,
            checkpoints=checkpoints,
            keys=[KEY.verifier],
            snapshots=[(id, document)],
        )
        bundle.write(path, contents)


def main(arguments: list[str]) -> None:
    """Make the bundle, verify it again and again, and tell."""
    pledges, each = (int(argument) for argument in arguments or ("100000", "10"))
    table = Table(title=f"Verifying {pledges * each:,} entries of {pledges:,} pledges, best of {ROUNDS}")
    for heading in ("what", "seconds", "entries a second", "MiB at most"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory(prefix="p2c-bench-") as folder:
        path = Path(folder) / "bundle.zip"
        begun = time.perf_counter()
        made(path, pledges, each)
        print(f"made {path.stat().st_size / 2**20:,.0f} MiB in {time.perf_counter() - begun:.0f} s")
        for kind, what in (("hash", "bytes, order, tree, signatures"), ("replay", "with the snapshot taken again")):
            rounds = [_verified(path, kind) for _ in range(ROUNDS)]
            best = min(rounds, key=lambda found: found["seconds"])
            table.add_row(
                what,
                f"{best['seconds']:.1f}",
                f"{best['entries'] / best['seconds']:,.0f}",
                f"{max(found['mebibytes'] for found in rounds):,.0f}",
            )
    Console(width=120).print(table)


def _verified(path: Path, kind: str) -> dict[str, float]:
    child = [sys.executable, "-c", _CHILD, str(path), str(KEY.verifier), kind]
    found: dict[str, float] = json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
