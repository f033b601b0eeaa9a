"""The offline verifier, on one core.

A bundle is made of facts like any other's, with one checkpoint for every thousand entries and one published snapshot of
all pledges, and verified by a process of its own, so that the memory told is the verifier's alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from audit import bundle
from audit.bundle import Contents
from audit.checkpoint import Checkpoint
from audit.envelope import Envelopes, stamp
from audit.leaf_log import LeafLog
from audit.merkle import leaf_hash
from audit.signed_note import Note, SigningKey
from audit.snapshot import RULES_VERSION, Selection, snapshot_in_parts
from benchmarks.bench import ROOT, Bench
from benchmarks.measures import Better, Measure
from benchmarks.rounds import Contender, Figures, interleaved
from benchmarks.workload import ACTOR, facts
from domain.circumstances import Circumstances, header
from domain.dimensions import Dimension
from domain.events import AnyEvent, PledgeEvent, Published, SnapshotIdentity
from domain.pledge import Pledge, evolve
from domain.status import status_of

KINDS = {"hash": "bytes, order, tree, signatures", "replay": "with the snapshot taken again"}
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


def measures(bench: Bench) -> Iterator[Measure]:
    """Entries a second, and memory."""
    pledges, each = bench.sizes.verified
    with tempfile.TemporaryDirectory(prefix="p2c-bench-") as folder:
        path = Path(folder) / "bundle.zip"
        made(path, pledges, each)
        contenders = [Contender(name, partial(_verified, path, kind)) for kind, name in KINDS.items()]
        found = interleaved(contenders, bench.sizes.rounds, warm_up=0)
    title = f"offline verification of {pledges * each:,} entries"
    yield Measure.of_figure("rate", found, title=title, unit="entries a second", better=Better.MORE)
    yield Measure.of_figure("mebibytes", found, title=f"{title}, memory at most", unit="MiB", better=Better.LESS)


def _verified(path: Path, kind: str) -> Figures:
    child = [sys.executable, "-c", _CHILD, str(path), str(KEY.verifier), kind]
    done = subprocess.run(child, check=True, capture_output=True, text=True, cwd=ROOT)
    found: dict[str, float] = json.loads(done.stdout)
    return {"rate": found["entries"] / found["seconds"], "mebibytes": found["mebibytes"]}
