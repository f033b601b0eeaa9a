"""The parts of addresses that name something. What cannot be a name names nothing that is known."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from domain.refusals import UnknownContribution, UnknownOrganisation, UnknownPledge

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_CONTRIBUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def whole(form: re.Pattern[str]) -> str:
    """The form of a whole text, as descriptions give it."""
    return f"^({form.pattern})$"


def _reference(given: str) -> str:
    if not _REFERENCE.fullmatch(given):
        raise UnknownPledge(_shown(given))
    return given


def _contribution(given: str) -> str:
    if not _CONTRIBUTION.fullmatch(given):
        raise UnknownContribution(_shown(given))
    return given


def _organisation(given: object) -> UUID:
    try:
        return UUID(str(given))
    except ValueError:
        raise UnknownOrganisation(_shown(str(given))) from None


def _shown(given: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in given[:100])


REFERENCE_FORM = whole(_REFERENCE)
"""The form of a reference."""

Reference = Annotated[
    str,
    AfterValidator(_reference),
    Path(
        description="The pledge's reference",
        examples=["P2C-2026-000042"],
        json_schema_extra={"pattern": REFERENCE_FORM},
    ),
]
ContributionId = Annotated[
    str,
    AfterValidator(_contribution),
    Path(
        description="The contribution's id in its pledge",
        examples=["c1"],
        json_schema_extra={"pattern": whole(_CONTRIBUTION)},
    ),
]
OrganisationId = Annotated[
    UUID,
    PlainValidator(_organisation),
    WithJsonSchema({"type": "string", "format": "uuid"}),
    Path(description="The organisation's id", examples=["3f0c2b1e-6d1f-4f0e-9a53-0d6e0c6a2b11"]),
]
SnapshotId = Annotated[
    UUID,
    Path(description="The published snapshot's id", examples=["b0c7a1de-52c8-4f7b-8d0e-3f8f2f0a7c11"]),
]
