"""Decoding an envelope in two steps, each straight into types: what every fact has, then the data of its own type.

No document is made in between. An auditor who only needs the order of the entries stops after the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import date
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from domain.events import AnyEvent, Event
from domain.values import Actor

HEADER = frozenset(field.name for field in fields(Event))
"""The fields that every fact has, which are beside its data in the envelope."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An envelope whose header is read; `data`, and who acted, are still the bytes that are stored."""

    actor: msgspec.Raw
    command_id: str
    data: msgspec.Raw
    effective_on: str
    event_id: str
    recorded_at: str
    stream_id: str
    type: str
    version: int
    idempotency_key: str | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An envelope whose header is read into the types of a fact; `data` is still the bytes that are stored."""

    actor: Actor
    command_id: UUID
    data: msgspec.Raw
    effective_on: date
    event_id: UUID
    recorded_at: str
    stream_id: UUID
    type: str
    version: int
    idempotency_key: str | None = None


_new = object.__new__
_slots: Mapping[str, Any] = vars(Event)
_put_stream, _put_version = _slots["originator_id"].__set__, _slots["originator_version"].__set__
_put_effective, _put_actor = _slots["effective_on"].__set__, _slots["actor"].__set__
_put_command, _put_key = _slots["command_id"].__set__, _slots["idempotency_key"].__set__

envelope: Callable[[bytes], Envelope] = msgspec.json.Decoder(Envelope).decode
"""The envelope in bytes. Raises msgspec.DecodeError, UnicodeDecodeError and RecursionError."""

header: Callable[[bytes], Header] = msgspec.json.Decoder(Header).decode
"""The header of the envelope in bytes. Raises what `envelope` raises."""


def maker(cls: type[AnyEvent]) -> Callable[[Header, msgspec.Struct], AnyEvent]:
    """Makes facts of a class, each from its header and its data.

    A frozen class sets its own fields by name, which takes longer than decoding them. So they are put into their slots.
    """
    own = [getattr(cls, field.name).__set__ for field in fields(cls) if field.name not in HEADER]

    def made(header: Header, data: msgspec.Struct) -> AnyEvent:
        fact: AnyEvent = _new(cls)
        _put_stream(fact, header.stream_id)
        _put_version(fact, header.version)
        _put_effective(fact, header.effective_on)
        _put_actor(fact, header.actor)
        _put_command(fact, header.command_id)
        _put_key(fact, header.idempotency_key)
        for put, value in zip(own, astuple(data), strict=True):
            put(fact, value)
        return fact

    return made


def shape(cls: type[AnyEvent]) -> type[msgspec.Struct]:
    """The shape of a fact's data: what its class has beside the header."""
    hints = get_type_hints(cls)
    own = [_field(field, hints[field.name]) for field in fields(cls) if field.name not in HEADER]
    return msgspec.defstruct(f"{cls.__name__}Data", own, kw_only=True, gc=False)


def _field(field: Field[Any], type: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    if field.default is not MISSING:
        return field.name, type, field.default
    if field.default_factory is not MISSING:
        return field.name, type, msgspec.field(default_factory=field.default_factory)
    return field.name, type
