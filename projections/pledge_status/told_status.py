"""What a row tells of a pledge's status: its values alone, without their names, in the order of the class's fields.

All rows of a moment are read together, so half the length is half the time, also to read the JSON.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

import msgspec

from domain.ladder import Ladder
from domain.schedule import ReportingSchedule
from domain.status import PledgeStatus
from domain.values import Party


def _values(of: type[Any], **others: Any) -> type[msgspec.Struct]:
    """The values of a class's fields, in their order; some of them in a type of this kind themselves."""
    types = {**get_type_hints(of), **others}
    return msgspec.defstruct(of.__name__, [(f.name, types[f.name]) for f in fields(of)], array_like=True, gc=False)


_party = _values(Party)
_Told = _values(
    PledgeStatus,
    lead=_party,
    partners=tuple[_party, ...],  # type: ignore[valid-type]
    ladder=_values(Ladder),
    reporting=_values(ReportingSchedule) | None,
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Told).decode


def status_document(status: PledgeStatus) -> str:
    """The status as JSON."""
    return _encode(msgspec.convert(status, _Told, from_attributes=True)).decode()


def status_of_document(document: str) -> PledgeStatus:
    """The status that is told."""
    return msgspec.convert(_decode(document), PledgeStatus, from_attributes=True)
