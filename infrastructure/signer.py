"""Signing checkpoints: after every batch of entries, at most once a second, never against what was signed before."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import psycopg
from psycopg import Connection
from psycopg.rows import DictRow

from audit.checkpoint import Checkpoint, SignedCheckpoint
from audit.signed_note import MalformedNote, Note, NoteRefused, SigningKey, VerifierKey
from infrastructure import checkpoints
from infrastructure.checkpoints import Checkpoints, StoredCheckpoint
from infrastructure.database import Pool
from infrastructure.locks import SIGNING_LOCK
from infrastructure.signing import KeyFile, SigningStopped
from projections import ledger_entries
from projections.transparency.view import TransparencyView

LEAST_SECONDS_BETWEEN = 1.0

LOOK_EVERY_SECONDS = 3_600.0
"""How often all entries are hashed again, to see whether somebody has changed one."""

LOOK_AGAIN_SECONDS = 60.0
"""How often that is done while one is changed."""

Grown = Callable[[int, float], bool]
"""Wait, at most so many seconds, for the tree to have so many entries; whether it has. Asks nobody else."""

_log = logging.getLogger(__name__)


class CheckpointSigner:
    """Signs the tree with the keys of a file. Without a file nothing is signed here, by another process perhaps."""

    def __init__(self, pool: Pool, keys: KeyFile | None, origin: str | None = None) -> None:
        self._pool = pool
        self._keys = keys
        self._origin = origin
        self._tree = TransparencyView(pool)
        self._stored = Checkpoints(pool)
        self._problem: str | None = None
        self._altered: int | None = None
        self._look_at = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def problem(self) -> str | None:
        """Why nothing is signed, where that is so and somebody has to look into it."""
        return self._problem

    @property
    def key_file(self) -> KeyFile | None:
        """Where the signing keys are; None where nothing is signed."""
        return self._keys

    def last_signed(self) -> SignedCheckpoint | None:
        """What was signed last here, by what is kept beside the key. Raises SigningStopped."""
        return self._keys.last_signed() if self._keys else None

    def start(self, grown: Grown, is_ours: Callable[[], bool]) -> None:
        """Sign in a thread of its own whenever the tree has grown and signing is this process's task, until `stop`."""
        if self._keys is None or (self._thread and self._thread.is_alive()):
            return
        self._stopping.clear()
        self._look_at = 0.0
        self._thread = threading.Thread(target=self._run, args=(grown, is_ours), name="checkpoints", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread:
            self._thread.join()

    def sign(self, *, look: bool = True) -> StoredCheckpoint | None:
        """Sign the tree as it is, unless that is done; the latest checkpoint. None while there are no entries.

        Looks first whether every entry is still the one that was hashed, which takes a while for a long ledger. Raises
        SigningStopped where one is not, where the tree contradicts what was signed before, or without a key.
        """
        try:
            self._require_unaltered(look=look)
            with self._pool.connection() as connection, connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (SIGNING_LOCK,))
                self._sign(connection)
        except SigningStopped as stopped:
            if str(stopped) != self._problem:
                _log.error("nothing is signed: %s", stopped)
            self._problem = str(stopped)
            raise
        self._problem = None
        return self._stored.latest()

    def _sign(self, connection: Connection[DictRow]) -> None:
        size, own, latest = self._tree.size(), self.last_signed(), _parsed(self._stored.latest())
        earlier = [signed for signed in (own, latest) if signed]
        if not size and not earlier:
            return
        keys = self._signing_keys(connection)
        known = checkpoints.stored_keys(connection)
        for signed in earlier:
            _require_signed(signed, known)
        if not all(self._is_begun_with(connection, signed, size) for signed in earlier):
            return
        if own:
            # It was signed, but perhaps not published before the process ended.
            checkpoints.add(connection, own)
        if size == max((signed.checkpoint.size for signed in earlier), default=0):
            return
        checkpoint = Checkpoint(origin=keys[0].name, size=size, root=self._tree.root(size))
        signed = SignedCheckpoint(checkpoint=checkpoint, note=Note.signed(checkpoint.text(), keys))
        self._file.remember(signed)
        checkpoints.add(connection, signed)

    def _require_unaltered(self, *, look: bool) -> None:
        if look:
            self._altered = self._tree.altered()
            self._look_at = time.monotonic() + (LOOK_AGAIN_SECONDS if self._altered else LOOK_EVERY_SECONDS)
        if self._altered:
            raise SigningStopped(
                f"The entry at position {self._altered} was changed after it was recorded. Export a bundle and run"
                " `p2c verify` on it; then restore what was signed."
            )

    @property
    def _file(self) -> KeyFile:
        if self._keys is None:
            raise SigningStopped("There is no signing key here. Name its file in P2C_SIGNING_KEY_FILE.")
        return self._keys

    def _signing_keys(self, connection: Connection[DictRow]) -> tuple[SigningKey, ...]:
        """The keys that sign, known to everybody; the first one of a ledger is made here."""
        known, keys = checkpoints.stored_keys(connection), self._file.signing_keys()
        if not keys and known:
            raise SigningStopped(
                f"The ledger is signed with the key {known[-1]}, which {self._file.path} does not have. Put"
                " the key file there, or name it in P2C_SIGNING_KEY_FILE: a ledger that has a key gets no other."
            )
        if not keys:
            keys = self._file.create(self._origin or f"localhost/p2c-ledger-{self._stored.ledger_id()}")
            _log.info("made the signing key %s in %s", keys[0].verifier, self._file.path)
        if self._origin and keys[0].name != self._origin:
            raise SigningStopped(
                f"The signing key is that of {keys[0].name}, and P2C_LEDGER_ORIGIN says {self._origin}: a ledger keeps"
                " its name for ever. Set it back, or leave it unset."
            )
        if known and not {key.verifier for key in keys} & set(known):
            raise SigningStopped(
                f"The ledger is signed with the key {known[-1]}; {self._file.path} holds another one,"
                f" {keys[0].verifier}. Put the ledger's own key there, or name it in P2C_SIGNING_KEY_FILE."
            )
        checkpoints.add_keys(connection, keys)
        return keys

    def _is_begun_with(self, connection: Connection[DictRow], earlier: SignedCheckpoint, size: int) -> bool:
        """Whether the tree begins with what was signed before; not yet, where it is still being told.

        Raises SigningStopped where it never will.
        """
        told = earlier.checkpoint
        if told.size > size:
            head = ledger_entries.head(connection)
            if told.size > head:
                raise SigningStopped(
                    f"The ledger ends at position {head}, but was signed up to {told.size}: {head + 1} is gone."
                    " Was an older backup restored? Restore one that has all entries. Whoever wants to begin"
                    " another ledger gives it a key file of its own (P2C_SIGNING_KEY_FILE)."
                )
            return False
        if self._tree.root(told.size) != told.root:
            first, last = self._differs_between(told)
            raise SigningStopped(
                f"The entries up to position {told.size} are not those that were signed: one from {first} to {last} was"
                " changed. Export a bundle and run `p2c verify` on it; then restore what was signed."
            )
        return True

    def _differs_between(self, told: Checkpoint) -> tuple[int, int]:
        """Between which positions the first entry is that differs from what was signed, as far as checkpoints tell."""
        good = 0
        for stored in self._stored.all(told.size):
            try:
                matches = stored.signed.checkpoint.root == self._tree.root(stored.size)
            except MalformedNote:
                matches = False
            if not matches:
                return good + 1, stored.size
            good = stored.size
        return good + 1, told.size

    def _run(self, grown: Grown, is_ours: Callable[[], bool]) -> None:
        signed, away = 0, ""
        while not self._stopping.is_set():
            try:
                if is_ours() and (grown(signed + 1, LEAST_SECONDS_BETWEEN) or not signed or self._is_time_to_look()):
                    latest = self.sign(look=self._is_time_to_look())
                    signed, away = latest.size if latest else 0, ""
            except SigningStopped:
                pass  # `problem` says so, and `sign` has told the log
            except psycopg.Error as fault:
                if str(fault) != away:
                    _log.warning("nothing is signed while the database does not answer: %s", fault)
                away = str(fault)
            except Exception as fault:  # noqa: BLE001 - whatever it is, only `stop` ends the thread
                self._problem = f"Nothing is signed: {fault!r}."
                _log.exception("nothing is signed")
            self._stopping.wait(LEAST_SECONDS_BETWEEN)

    def _is_time_to_look(self) -> bool:
        return time.monotonic() >= self._look_at


def _parsed(stored: StoredCheckpoint | None) -> SignedCheckpoint | None:
    """The latest checkpoint. Raises SigningStopped where what is stored is none."""
    try:
        return stored.signed if stored else None
    except MalformedNote as fault:
        raise SigningStopped(
            f"What is stored as the latest checkpoint is none: {fault}. Export a bundle and run `p2c verify` on it;"
            " somebody has changed the database."
        ) from fault


def _require_signed(earlier: SignedCheckpoint, known: tuple[VerifierKey, ...]) -> None:
    """Make sure that a key of the ledger signed it. Raises SigningStopped."""
    try:
        earlier.require_signer(known)
    except NoteRefused as fault:
        raise SigningStopped(
            f"The checkpoint of size {earlier.checkpoint.size} is not one that a key of this ledger signed ({fault})."
            " Export a bundle and run `p2c verify` on it; somebody has changed the database, or that file."
        ) from fault
