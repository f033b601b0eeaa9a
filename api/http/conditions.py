"""The conditions of a request, from its headers: the version it means, the command it repeats, what it waits for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import Depends, Header, Request
from pydantic import Field

from api.http import problems
from api.http.authentication import Given, known
from api.http.failures import Failure
from api.http.gathered import Gathered
from api.http.paths import whole
from api.http.service import Services
from api.http.turns import Turn, turn_of
from application import commands
from application.access import Principal
from infrastructure.bootstrap import Service

WAIT_SECONDS = 3.0
"""How long a read waits for its view to reach the position it asked for."""

GRACE_SECONDS = 0.25
"""How long a read that names no position waits for what this process wrote before; then it shows what there is."""

NO_VERSION = -1
"""What a tag means that no version ever has: it matches nothing."""

ANY = "*"
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"\*|{_TAG}(?:[ \t]*,[ \t]*{_TAG})*")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_POSITION = re.compile(r"[0-9]{1,18}")

HeaderText = Annotated[str, Field(max_length=1_000)]
"""What a header says, which is never long."""

EntityTags = Annotated[HeaderText, Field(json_schema_extra={"pattern": whole(_TAGS)})]

IfMatch = Annotated[
    EntityTags | None,
    Header(
        alias="If-Match",
        description='The version(s) the command is meant for, as `ETag` gave them: `"3"`. Refused with 412 where there '
        "is a newer one. Without it the command is decided on the current state.",
    ),
]
IdempotencyKey = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": whole(_KEY)})] | None,
    Header(
        alias="Idempotency-Key",
        description="1 to 255 visible ASCII characters that name this command. Sent again with the same body, the "
        "first answer is given again, for ever.",
    ),
]
IfNoneMatch = Annotated[
    EntityTags | None,
    Header(alias="If-None-Match", description="The version(s) the client has; 304 where one of them is current."),
]
LedgerPosition = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": whole(_POSITION)})] | None,
    Header(
        alias="Ledger-Position",
        description="The position a write answered with: the read waits, for a few seconds, until it is included.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Who asks for a change, and under which conditions.

    `token` is the id of a token that was good a moment ago, and has to be still when the change is recorded;
    `deadline` is when, by the monotonic clock, whoever asks has to have an answer. `first_looks` are where pledges that
    are not remembered are looked at.
    """

    by: Principal
    turn: Turn
    token: UUID | None
    idempotency_key: str | None
    fingerprint: bytes
    if_match: str | None
    deadline: float
    first_looks: Gathered[str, bool]

    def request(self, current_version: Callable[[], int] | None = None) -> commands.Request:
        """What the command is sent with; `current_version` is asked only where a list of versions was named."""
        return commands.Request(
            actor=self.by.actor,
            scopes=self.by.scopes,
            token=self.token,
            idempotency_key=self.idempotency_key,
            fingerprint=self.fingerprint,
            expected_version=_expected(self.if_match, current_version) if current_version else None,
            deadline=self.deadline,
        )


async def conditions(
    request: Request,
    service: Services,
    given: Given,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Conditions:
    """The conditions of a command. Raises Failure for a header without its form."""
    by = await known(request, service, given)
    if if_match is not None:
        _require_tags("If-Match", if_match)
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        raise _malformed("Idempotency-Key", "1 to 255 visible ASCII characters")
    return Conditions(
        by=by,
        turn=turn_of(request),
        token=getattr(request.state, "token", None),
        idempotency_key=idempotency_key,
        fingerprint=getattr(request.state, "fingerprint", b""),
        if_match=if_match,
        deadline=time.monotonic() + commands.DECIDE_WITHIN_SECONDS,
        first_looks=request.app.state.first_looks,
    )


async def creation(
    request: Request, service: Services, given: Given, idempotency_key: IdempotencyKey = None
) -> Conditions:
    """The conditions of a command that makes something new, which has no version to match."""
    return await conditions(request, service, given, None, idempotency_key)


async def wait_for_position(request: Request, service: Services, ledger_position: LedgerPosition = None) -> None:
    """Wait until the views include the position. Raises ViewsBehind where they do not in time, PositionAhead where they
    cannot, and Failure for what is no position."""
    if ledger_position is None:
        await _wait_for_own_writes(request, service)
        return
    if not _POSITION.fullmatch(ledger_position):
        raise _malformed("Ledger-Position", "a position such as 17")
    await _aside(request, partial(service.register.wait_for, int(ledger_position), WAIT_SECONDS))


async def _wait_for_own_writes(request: Request, service: Service) -> None:
    """Let somebody who just wrote here, and named no position, see it: the views are some milliseconds behind."""
    wanted = service.ledger.last_appended
    if not service.register.reached(wanted, 0):
        await _aside(request, partial(service.register.reached, wanted, GRACE_SECONDS))


async def _aside(request: Request, wait: Callable[[], object]) -> None:
    """Wait where there is room for it, so that reads that wait keep nobody else from a turn."""
    async with turn_of(request).given_back():
        await to_thread.run_sync(wait, limiter=request.app.state.waiting_room)


Changing = Annotated[Conditions, Depends(conditions)]
Creating = Annotated[Conditions, Depends(creation)]
CaughtUp = Depends(wait_for_position)


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def names_version(if_none_match: str | None, tag: str) -> bool:
    """Whether a client has what `tag` names already; weak tags do for reading. Raises Failure."""
    if if_none_match is None:
        return False
    _require_tags("If-None-Match", if_none_match)
    return if_none_match.strip() == ANY or tag in (t.removeprefix("W/") for t in re.findall(_TAG, if_none_match))


def _expected(if_match: str | None, current_version: Callable[[], int]) -> int | None:
    if if_match is None or if_match.strip() == ANY:
        return None
    tags = [tag for tag in re.findall(_TAG, if_match) if not tag.startswith("W/")]
    versions = {int(tag[1:-1]) for tag in tags if re.fullmatch(r'"(0|[1-9][0-9]{0,9})"', tag)}
    if len(versions) > 1:
        return current if (current := current_version()) in versions else NO_VERSION
    return versions.pop() if versions else NO_VERSION


def _require_tags(header: str, given: str) -> None:
    if not _TAGS.fullmatch(given.strip()):
        raise _malformed(header, 'an entity tag such as "3", a list of them, or *')


def _malformed(header: str, form: str) -> Failure:
    return Failure(problems.MALFORMED_HEADER, f"The header `{header}` is not {form}.")
