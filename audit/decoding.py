"""Decoding an envelope in two steps, each straight into types: what every fact has, then the data of its own type.

No document is made in between. An auditor who only needs the order of the entries stops after the first step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from datetime import date
from typing import Any, get_type_hints
from uuid import UUID

import msgspec

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


envelope: Callable[[bytes], Envelope] = msgspec.json.Decoder(Envelope).decode
"""The envelope in bytes. Raises msgspec.DecodeError, UnicodeDecodeError and RecursionError."""

header: Callable[[bytes], Header] = msgspec.json.Decoder(Header).decode
"""The header of the envelope in bytes. Raises what `envelope` raises."""


def fact(cls: type[AnyEvent], header: Header, data: msgspec.Struct) -> AnyEvent:
    """The fact of a class with this header and data."""
    made: AnyEvent = cls(
        originator_id=header.stream_id,
        originator_version=header.version,
        effective_on=header.effective_on,
        actor=header.actor,
        command_id=header.command_id,
        idempotency_key=header.idempotency_key,
        **msgspec.structs.asdict(data),
    )
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
