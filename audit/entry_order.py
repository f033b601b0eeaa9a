"""Whether entries are what the ledger stores, in the order in which it stores them: bytes, versions, recorded times."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from audit.canonical import canonical, canonical_of_whole_numbers
from audit.envelope import LARGEST_ENTRY, TYPES, UPCASTS

_decode = msgspec.json.Decoder().decode

_KNOWN = frozenset({*TYPES, *UPCASTS})
_INSTANT = len("0000-00-00T00:00:00.000000Z")


class EntryOrder:
    """Checks entry after entry; `position` is that of the last one. It remembers each history's version, no more."""

    def __init__(self) -> None:
        self.position = 0
        self._versions: dict[str, int] = {}
        self._recorded_at = ""

    def problems(self, entries: Sequence[bytes]) -> list[tuple[int, str]]:
        """What is wrong with the entries that come next: the position of each that is, and how."""
        found: list[tuple[int, str]] = []
        for entry in entries:
            self.position += 1
            if problem := self._problem(entry):
                found.append((self.position, problem))
        return found

    def _problem(self, entry: bytes) -> str | None:
        if len(entry) > LARGEST_ENTRY:
            return f"it has {len(entry)} bytes, more than any entry"
        try:
            document = _decode(entry)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return "it is no JSON document"
        # An envelope has whole numbers only; where this document has others, the slow encoder decides.
        if canonical_of_whole_numbers(document) != entry and not _is_canonical(entry):
            return "its bytes are not canonical (RFC 8785)"
        if not isinstance(document, dict):
            return "it is no envelope"
        return self._out_of_order(document)

    def _out_of_order(self, envelope: dict[str, Any]) -> str | None:
        stream, version = envelope.get("stream_id"), envelope.get("version")
        recorded_at, type = envelope.get("recorded_at"), envelope.get("type")
        if not isinstance(stream, str) or not isinstance(version, int) or not isinstance(recorded_at, str):
            return "it is no envelope"
        if type not in _KNOWN:
            return f"its type is {type!r}, which this version does not know"
        before = self._versions.get(stream, 0)
        if not before and not _is_uuid(stream):
            return f"its history has the id {stream!r}, which is no UUID"
        self._versions[stream] = version
        if version != before + 1:
            return f"it is version {version} of the history {stream}, where version {before + 1} comes next"
        if len(recorded_at) != _INSTANT or recorded_at[-1] != "Z":
            return f"it was recorded at {recorded_at!r}, which is no instant to the microsecond in UTC"
        if recorded_at < self._recorded_at:
            return f"it was recorded at {recorded_at}, before the entry before it ({self._recorded_at})"
        self._recorded_at = recorded_at
        return None


def _is_canonical(entry: bytes) -> bool:
    try:
        return canonical(json.loads(entry)) == entry
    except (ValueError, RecursionError):
        return False


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
