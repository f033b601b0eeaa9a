"""Verifying a bundle: bytes, order, tree, signatures, growth, and the published snapshots.

Trusts nothing in the bundle. What holds is said with what it was held against; what does not, with the first position
at which it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from audit.bundle import KEYS, LEAF_HASHES, README, Bundle, BundleUnreadable, Manifest, opened
from audit.checkpoint import SignedCheckpoint
from audit.entry_order import EntryOrder
from audit.leaf_log import LeafLog
from audit.merkle import Frontier, leaf_hashes
from audit.republication import Replay
from audit.signed_note import MalformedNote, NoteRefused, VerifierKey, in_base64

AT_ONCE = 4_096
MOST_FINDINGS = 20

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how far, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not hold: at which position first, where it has one, and what."""

    position: int | None
    problem: str

    def __str__(self) -> str:
        return self.problem if self.position is None else f"position {self.position}: {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the auditor has from elsewhere: keys, and a checkpoint from an earlier visit.

    Without keys those in the bundle are taken, and prove no more than that one and the same signer signed it all.
    """

    keys: tuple[VerifierKey, ...] = ()
    since: SignedCheckpoint | None = None


@dataclass(slots=True, kw_only=True)
class Report:
    """What was verified, and what does not hold, the first bad position first."""

    origin: str = ""
    entries: int = 0
    root: bytes = b""
    checkpoints: int = 0
    snapshots: int = 0
    pledges: int = 0
    replayed: bool = False
    since: int | None = None
    keys: tuple[VerifierKey, ...] = ()
    keys_are_trusted: bool = False
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not hold."""
        return not self.findings

    def document(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "holds": self.holds,
            "origin": self.origin,
            "entries": self.entries,
            "root": in_base64(self.root),
            "checkpoints": self.checkpoints,
            "snapshots": self.snapshots,
            "pledges": self.pledges,
            "replayed": self.replayed,
            "since": self.since,
            "keys": [str(key) for key in self.keys],
            "keys_are_trusted": self.keys_are_trusted,
            "findings": [{"position": f.position, "problem": f.problem} for f in self.findings],
        }


def verify(
    path: Path, trust: Trust | None = None, *, replay: bool = True, progress: Progress = lambda *_: None
) -> Report:
    """Verify the bundle in a file. Raises FileNotFoundError; anything else that is wrong is in the report."""
    report = Report()
    try:
        with opened(path) as bundle, ExitStack() as stack:
            log = stack.enter_context(LeafLog())
            replayed = stack.enter_context(Replay()) if replay else None
            _Verification(bundle, trust or Trust(), report, log, replayed, progress).run()
    except BundleUnreadable as damaged:
        report.findings.append(Finding(position=None, problem=str(damaged)))
    # Findings that have a position first, by position; a damaged file has none.
    report.findings.sort(key=lambda finding: (finding.position is None, finding.position or 0))
    del report.findings[MOST_FINDINGS:]
    return report


class _Verification:
    """The steps, each of which adds what it finds to the report."""

    def __init__(
        self, bundle: Bundle, trust: Trust, report: Report, log: LeafLog, replay: Replay | None, progress: Progress
    ) -> None:
        self._bundle = bundle
        self._trust = trust
        self._report = report
        self._log = log
        self._replay = replay
        self._progress = progress
        self._checkpoints: dict[int, SignedCheckpoint] = {}
        self._known: tuple[VerifierKey, ...] = ()
        self._roots: dict[int, bytes] = {}

    def run(self) -> None:
        manifest = self._bundle.manifest()
        self._report.origin = manifest.origin
        for seen in manifest.noticed:
            self._found(seen.position, f"whoever made the bundle noticed: {seen.problem}")
        self._read_keys()
        self._read_checkpoints(manifest)
        self._read_entries(manifest.entries)
        self._check_manifest(manifest)
        self._check_tree()
        self._check_since()
        # What an unproven history gives says nothing.
        if self._replay and self._report.holds:
            self._check_snapshots(self._replay)

    def _found(self, position: int | None, problem: str) -> None:
        # A broken ledger may be wrong at every position: its first ones are enough.
        if len(self._report.findings) < 10 * MOST_FINDINGS:
            self._report.findings.append(Finding(position=position, problem=problem))

    def _read_keys(self) -> None:
        self._report.keys_are_trusted = bool(self._trust.keys)
        bundled = self._bundle.keys()
        self._report.keys = self._trust.keys or bundled
        self._known = (*self._trust.keys, *bundled)
        if not self._report.keys:
            self._found(None, "there is no key to check signatures with")

    def _check_manifest(self, manifest: Manifest) -> None:
        """Hold what the manifest says against what is there."""
        if (there := self._report.entries) != (said := manifest.entries):
            self._found(min(said, there) + 1, f"the manifest says {said} entries, {there} are there")
        if len(self._bundle.snapshots()) != manifest.snapshots:
            self._found(None, f"the manifest says {manifest.snapshots} published snapshots, there are others")
        for name, digest in ((KEYS, manifest.keys_digest), (README, manifest.readme_digest)):
            if self._bundle.digest(name) != digest:
                self._found(None, f"{name} is not the file that the manifest says")

    def _read_checkpoints(self, manifest: Manifest) -> None:
        """Read every checkpoint, and check its signature.

        The latest one has to be signed by a trusted key. Earlier ones may be signed by keys that sign no longer.
        """
        count, notes, origin = 0, sha256(), manifest.origin
        for size, note in self._bundle.checkpoints():
            count += 1
            notes.update(note)
            try:
                signed = SignedCheckpoint.parse(note)
                signed.require_signer(self._known)
            except (MalformedNote, NoteRefused) as fault:
                self._found(size, f"the checkpoint of size {size} does not hold: {fault}")
                continue
            if signed.checkpoint.origin != origin or signed.checkpoint.size != size:
                told = signed.checkpoint
                self._found(size, f"the checkpoint of size {size} is that of {told.origin} at size {told.size}")
                continue
            self._checkpoints[size] = signed
        self._report.checkpoints = len(self._checkpoints)
        if (count, notes.hexdigest()) != (manifest.checkpoints, manifest.checkpoints_digest):
            self._found(None, "the checkpoints are not those that the manifest says")
        if not self._checkpoints:
            return
        latest, trusted = max(self._checkpoints), self._largest_trusted()
        if trusted < latest:
            self._found(
                trusted + 1,
                f"a trusted key signed no checkpoint that has it; the latest one, of size {latest}, others signed",
            )

    def _largest_trusted(self) -> int:
        """The size of the largest checkpoint that a trusted key signed; 0 where none did."""
        for size in sorted(self._checkpoints, reverse=True):
            try:
                self._checkpoints[size].require_signer(self._report.keys)
            except NoteRefused:
                continue
            return size
        return 0

    def _read_entries(self, said: int) -> None:
        """Check the entries' bytes and order, hash them, and keep what the later steps need."""
        order = EntryOrder()
        for block in _blocks(self._bundle.entries()):
            first = order.position + 1
            for position, problem in order.problems(block):
                self._found(position, problem)
            self._log.extend(leaf_hashes(block))
            if self._replay and self._report.holds:
                for position, problem in self._replay.add(first, block):
                    self._found(position, problem)
            self._progress("entries", order.position, said)
        self._report.entries = order.position

    def _check_tree(self) -> None:
        """Hold the tree of the entries against every checkpoint."""
        since = [self._trust.since.checkpoint.size] if self._trust.since else []
        self._roots = self._log.roots([*self._checkpoints, *since, self._log.size])
        self._report.root = self._roots[self._log.size]
        good = 0
        for size, signed in sorted(self._checkpoints.items()):
            if size > self._log.size:
                missing = self._log.size + 1
                self._found(missing, f"it is missing: a checkpoint of size {size} was signed")
                return
            if self._roots[size] != signed.checkpoint.root:
                self._locate(good, size, signed.checkpoint.root)
                return
            good = size
        if good < self._log.size:
            self._found(good + 1, "no checkpoint was signed that has it")
        self._check_leaf_hashes()

    def _check_leaf_hashes(self) -> None:
        """Hold the leaf hashes, where the bundle has them, against the entries."""
        if not self._bundle.has_leaf_hashes:
            return
        pairs = zip_longest(self._bundle.leaf_hashes(), self._log)
        if different := next((n for n, (said, is_) in enumerate(pairs, start=1) if said != is_), None):
            self._found(different, f"its hash in {LEAF_HASHES} is another one")

    def _locate(self, good: int, size: int, root: bytes) -> None:
        """Name the first entry that is not the one that was signed, between a good checkpoint and a bad one."""
        recorded = Frontier()
        for block in _blocks(islice(self._bundle.leaf_hashes(), size)):
            recorded.extend(block)
        if recorded.size == size and recorded.root() == root:
            pairs = zip(self._bundle.leaf_hashes(), self._log, strict=False)
            first = next(position for position, (said, is_) in enumerate(pairs, start=1) if said != is_)
            self._found(first, f"it is not the entry that was signed with the checkpoint of size {size}")
        else:
            self._found(good + 1, f"it, or one up to position {size}, is not what was signed with that checkpoint")

    def _check_since(self) -> None:
        """Make sure that the ledger has only grown since the auditor's own checkpoint."""
        if (since := self._trust.since) is None:
            return
        told = since.checkpoint
        self._report.since = told.size
        if told.origin != self._report.origin:
            self._found(None, f"your checkpoint is that of {told.origin}, the bundle that of {self._report.origin}")
            return
        if told.size > self._log.size:
            self._found(self._log.size + 1, f"it is missing: your checkpoint has {told.size} entries")
            return
        if self._roots[told.size] != told.root:
            # Where the entry is known already, this is the same fault seen from another side.
            known = any(finding.position and finding.position <= told.size for finding in self._report.findings)
            one = "one" if known else "it, or one"
            problem = f"{one} up to position {told.size}, is not what it was at your checkpoint of that size"
            self._found(None if known else 1, problem)
        try:
            since.require_signer(self._known)
        except NoteRefused as fault:
            self._found(None, f"your checkpoint is not signed by a key of this ledger: {fault}")

    def _check_snapshots(self, replay: Replay) -> None:
        """Take every published snapshot again from the entries, and compare it byte by byte."""
        there = self._bundle.snapshots()
        published = {publication.id: publication for publication in replay.publications}
        for id in sorted(there - set(published)):
            self._found(None, f"the snapshot {id} was never published")
        done = 0

        def told(more: int) -> None:
            nonlocal done
            done += more
            self._progress("replay", done, self._report.entries)

        stored = {id: partial(self._bundle.snapshot, id) for id in there}
        roots = self._log.roots([publication.snapshot.position for publication in published.values()])
        for position, problem in replay.retake(stored, roots, told):
            self._found(position, problem)
        self._report.snapshots, self._report.pledges = len(published), replay.pledges
        self._report.replayed = True


def _blocks(entries: Iterator[bytes]) -> Iterator[Sequence[bytes]]:
    while block := list(islice(entries, AT_ONCE)):
        yield block
