"""The stored form of a fact: one canonical JSON envelope, the same bytes for ever.

The envelope says what happened (`type`, `data`), to whose history it belongs (`stream_id`, `version`), when it
was true (`effective_on`) and when the ledger stored it (`recorded_at`), who said so (`actor`), and which command
caused it (`command_id`, and the client's `idempotency_key` where one was given). Absent values are left out.

Type names are stable strings, never Python paths. Bytes are never rewritten: an older shape is brought to
today's when it is read, by the upcast of its type name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from audit import decoding
from audit.canonical import canonical_of_whole_numbers
from audit.decoding import HEADER, Header
from domain.events import (
    Amended,
    Announced,
    AnyEvent,
    ContributionQueried,
    ContributionVerified,
    Corrected,
    Deactivated,
    Declined,
    Fulfilled,
    PartiallyFulfilled,
    Published,
    Registered,
    Renamed,
    Reported,
    ScaledDown,
    ScaledUp,
    Validated,
    Withdrawn,
)
from domain.refusals import TooLarge

LARGEST_ENTRY = 65_535
"""The most bytes an entry may have: its length fits two bytes in a tile of entries."""

Data = dict[str, Any]
Upcast = Callable[[Data], tuple[str, Data]]
"""From the data of an older type to the next type name and its data."""

TYPES: Mapping[str, type[AnyEvent]] = {
    "organisation.deactivated.v1": Deactivated,
    "organisation.registered.v1": Registered,
    "organisation.renamed.v1": Renamed,
    "pledge.amended.v1": Amended,
    "pledge.announced.v1": Announced,
    "pledge.contribution_queried.v1": ContributionQueried,
    "pledge.contribution_verified.v1": ContributionVerified,
    "pledge.corrected.v1": Corrected,
    "pledge.declined.v1": Declined,
    "pledge.fulfilled.v1": Fulfilled,
    "pledge.partially_fulfilled.v1": PartiallyFulfilled,
    "pledge.reported.v1": Reported,
    "pledge.scaled_down.v1": ScaledDown,
    "pledge.scaled_up.v1": ScaledUp,
    "pledge.validated.v1": Validated,
    "pledge.withdrawn.v1": Withdrawn,
    "snapshot.published.v1": Published,
}

_SHAPES = {cls: decoding.shape(cls) for cls in TYPES.values()}
# Two threads that meet a class for the first time at once can crash the library; so all are met here.
_DECODERS = {cls: msgspec.json.Decoder(shape).decode for cls, shape in _SHAPES.items()}
_MAKERS = {cls: decoding.maker(cls) for cls in TYPES.values()}

UPCASTS: Mapping[str, Upcast] = {}
"""Today no type has an older shape."""

_PLAIN = frozenset({str, int, bool})
_OWN = {cls: tuple(f.name for f in fields(cls) if f.name not in HEADER) for cls in TYPES.values()}
_encode = msgspec.json.Encoder().encode
# A quotation mark inside a text has a backslash before it, so that no text has this in it.
_ABSENT = re.compile(rb',"[a-z0-9_]+":null').sub

_UNSTAMPED = "0000-00-00T00:00:00.000000Z"
_UNSTAMPED_FIELD = f'"recorded_at":"{_UNSTAMPED}"'.encode()
_BEFORE_TIME = _UNSTAMPED_FIELD.index(_UNSTAMPED.encode())


class Unreadable(Exception):
    """Bytes that are no envelope this version can read; the message says why."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fact as it is read back: at which position, when recorded, under which id and type name."""

    position: int
    event: AnyEvent
    event_id: UUID
    type: str
    recorded_at: datetime


class Unstamped(NamedTuple):
    """A fact that is about to be stored: its bytes, complete but for the recorded time, and what they say of it."""

    stream_id: UUID
    version: int
    type: str
    event_id: UUID
    bytes: bytes


class Envelopes:
    """Writes and reads envelopes of the given types, bringing older ones to today's shape."""

    def __init__(self, types: Mapping[str, type[AnyEvent]] = TYPES, upcasts: Mapping[str, Upcast] = UPCASTS) -> None:
        self._upcasts = upcasts
        self._names: Mapping[type[AnyEvent], str] = {cls: name for name, cls in types.items()}
        self._shapes = {name: _SHAPES.get(cls) or decoding.shape(cls) for name, cls in types.items()}
        self._decoders = {
            name: _DECODERS.get(cls) or msgspec.json.Decoder(self._shapes[name]).decode for name, cls in types.items()
        }
        self._makers = {name: _MAKERS.get(cls) or decoding.maker(cls) for name, cls in types.items()}

    def name(self, event: AnyEvent) -> str:
        """The stable name of the event's type."""
        return self._names[type(event)]

    def write(self, event: AnyEvent) -> bytes:
        """The bytes of the envelope, without the recorded time. Raises TooLarge where they would not fit an entry."""
        return self.unstamped(event).bytes

    def unstamped(self, event: AnyEvent) -> Unstamped:
        """The envelope, complete but for the recorded time, which only the ledger's lock can give.

        Raises TooLarge where it would not fit an entry.
        """
        type, event_id = self.name(event), event.event_id
        data = msgspec.to_builtins(event)
        document = {
            "actor": without_absent(data.pop("actor")),
            "command_id": data.pop("command_id"),
            "effective_on": data.pop("effective_on"),
            "event_id": event_id,
            "recorded_at": _UNSTAMPED,
            "stream_id": data.pop("originator_id"),
            "type": type,
            "version": data.pop("originator_version"),
        }
        key = data.pop("idempotency_key")
        if key is not None:
            document["idempotency_key"] = key
        document["data"] = without_absent(data)
        unstamped = canonical_of_whole_numbers(document)
        if len(unstamped) > LARGEST_ENTRY:
            raise TooLarge(len(unstamped), LARGEST_ENTRY)
        return Unstamped(event.originator_id, event.originator_version, type, event_id, unstamped)

    def read(self, entry: bytes, position: int) -> Entry:
        """The fact that the entry at a position holds, in today's shape. Raises Unreadable."""
        try:
            header = decoding.header(entry)
            name, data = self._data(header)
            return Entry(
                position=position,
                event=self._makers[name](header, data),
                event_id=header.event_id,
                type=header.type,
                recorded_at=parse_instant(header.recorded_at),
            )
        except (KeyError, TypeError, ValueError, msgspec.DecodeError) as problem:
            raise Unreadable(f"not a readable entry: {problem!r}") from problem

    def event_id(self, entry: bytes) -> UUID:
        """The id of the event an entry holds, stamped or not. Raises Unreadable."""
        try:
            return UUID(json.loads(entry)["event_id"])
        except (KeyError, TypeError, ValueError) as problem:
            raise Unreadable(f"not a readable entry: {problem!r}") from problem

    def _data(self, header: Header) -> tuple[str, msgspec.Struct]:
        """The type name and the data of a fact in today's shape."""
        if header.type not in self._upcasts:
            return header.type, self._decoders[header.type](header.data)
        name, data = header.type, msgspec.json.decode(header.data, type=Data)
        while name in self._upcasts:
            name, data = self._upcasts[name](data)
        return name, msgspec.convert(data, self._shapes[name])


def stamp(unstamped: bytes, recorded_at: datetime) -> bytes:
    """The envelope with the time the ledger recorded it; what `Envelopes.write` left open is filled in."""
    at = open_at(unstamped)
    return unstamped[:at] + format_instant(recorded_at).encode() + unstamped[at + len(_UNSTAMPED) :]


def open_at(unstamped: bytes) -> int:
    """After how many bytes the recorded time is to be filled in. Raises ValueError where it was, or in no envelope."""
    if unstamped.count(_UNSTAMPED_FIELD) != 1:
        raise ValueError("the entry is stamped already, or is no envelope")
    return unstamped.index(_UNSTAMPED_FIELD) + _BEFORE_TIME


def format_instant(instant: datetime) -> str:
    """An instant in UTC to the microsecond, always of the same length, so that text order is time order."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_instant(text: str) -> datetime:
    """The instant that `format_instant` wrote. Raises ValueError for any other form."""
    if len(text) != len(_UNSTAMPED) or not text.endswith("Z"):
        raise ValueError(f"not an instant to the microsecond in UTC: {text}")
    return datetime.fromisoformat(text)


def data_json(event: AnyEvent) -> bytes:
    """The same as JSON, not canonical: the order of keys is that of the fact's fields."""
    named = ((name, getattr(event, name)) for name in _OWN[type(event)])
    given = _ABSENT(b"", _encode({name: value for name, value in named if value is not None}))
    # What is absent may be the first of its object, or all of it.
    return given if b":null" not in given else _encode(data_of(event))


def data_of(event: AnyEvent) -> Data:
    """What the envelope of a fact has under `data`, in today's shape."""
    values = msgspec.to_builtins(event)
    data: Data = without_absent({name: value for name, value in values.items() if name not in HEADER})
    return data


def without_absent(document: Any) -> Any:
    """The document without what is absent, at every depth. An empty list is not: it may say "none any more"."""
    if isinstance(document, dict):
        # Most values are plain, and asking for each of them anew would take longer than writing it.
        return {
            key: value if type(value) in _PLAIN else without_absent(value)
            for key, value in document.items()
            if value is not None
        }
    if isinstance(document, list | tuple):
        return [without_absent(item) for item in document]
    return document
