"""A pledge as a JSON document, from which exactly the same pledge can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import msgspec

from domain.pledge import Pledge

_NAMES = tuple(field.name for field in fields(Pledge))
# Sets are written in order, so that the same pledge is the same document in every process.
_encode = msgspec.json.Encoder(order="deterministic").encode

msgspec.json.Decoder(Pledge)  # met here, before threads do: see `audit.envelope`


def document(pledge: Pledge) -> str:
    """The pledge as JSON; what is absent is left out.

    Contributions are a list, because `jsonb` does not keep the order of keys, and theirs is the ledger's.
    """
    values = {name: value for name in _NAMES if (value := getattr(pledge, name)) is not None}
    return _encode({**values, "contributions": tuple(pledge.contributions.values())}).decode()


def pledge_of(document: Mapping[str, Any]) -> Pledge:
    """The pledge that `document` made this of."""
    contributions = {counted["contribution"]["id"]: counted for counted in document["contributions"]}
    return msgspec.convert({**document, "contributions": contributions}, Pledge)


def read(document: str) -> Pledge:
    """The pledge that a document as text was made of."""
    return pledge_of(msgspec.json.decode(document))
