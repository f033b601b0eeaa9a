"""The state of a pledge: what is reckoned from it, once, and the document from which exactly the same can be made."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter

import msgspec

from domain.events import PledgeEvent
from domain.pledge import Pledge, RecordedContribution, evolve
from domain.status import PledgeStatus, status_of

STATED = (
    "id",
    "reference",
    "title",
    "description",
    "lead",
    "partners",
    "type",
    "focus_area",
    "pillars",
    "countries",
    "beneficiary_groups",
    "sdgs",
    "wsis_lines",
    "announced_on",
    "source",
)
"""The fields of a pledge that most facts leave as they are."""

_stated = attrgetter(*STATED)
_CHANGING = tuple(f.name for f in fields(Pledge) if f.name not in {*STATED, "corrected", "contributions"})
_changing = attrgetter(*_CHANGING)
_encode = msgspec.json.Encoder().encode
# A quotation mark inside a text has a backslash before it, so that no text has this in it.
_without_absent = re.compile(rb',"[a-z0-9_]+":(?:null|\[\])').sub

pledge_of: Callable[[str], Pledge] = msgspec.json.Decoder(Pledge).decode
"""The pledge that a state's document tells of."""

Encoded = dict[str, tuple[RecordedContribution, msgspec.Raw]]
"""Contributions by id, each with its JSON: a fact adds one to those that there are."""


class Description:
    """What is stated of a pledge, which most facts leave as it is; `pledge` is one of which it is stated.

    As long as it stays the same it is the same object, by which can be remembered what follows from it.
    """

    __slots__ = ("pledge",)

    def __init__(self, pledge: Pledge) -> None:
        self.pledge = pledge


@lru_cache(maxsize=1_000)
def _opening(stated: Description) -> str:
    """An object with what is stated, not closed yet."""
    values = zip(STATED, _stated(stated.pledge), strict=True)
    return _encode({name: value for name, value in values if value is not None}).decode()[:-1]


class PledgeState:
    """A pledge after a fact; what is reckoned from it is reckoned once, whoever asks for it."""

    __slots__ = ("_document", "_encoded", "_followed", "_status", "description", "pledge")

    def __init__(self, pledge: Pledge, before: PledgeState | None = None) -> None:
        self.pledge = pledge
        stated = before.description if before and _stated(before.pledge) == _stated(pledge) else None
        self.description: Description = stated or Description(pledge)
        self._encoded: Encoded = before._encoded if before else {}  # noqa: SLF001 - of the same class
        self._status: PledgeStatus | None = None
        self._document: str | None = None
        self._followed: tuple[PledgeEvent, PledgeState | None] | None = None

    def after(self, event: PledgeEvent) -> PledgeState | None:
        """The state after a fact: the same one for each read model that asks for it."""
        if self._followed is None or self._followed[0] is not event:
            pledge = evolve(self.pledge, event)
            self._followed = event, PledgeState(pledge, self) if pledge else None
        return self._followed[1]

    @property
    def status(self) -> PledgeStatus:
        """What a snapshot says of it."""
        if self._status is None:
            self._status = status_of(self.pledge)
        return self._status

    @property
    def document(self) -> str:
        """The pledge as JSON; what is absent is left out. The order of contributions is the ledger's."""
        if self._document is None:
            values = zip(_CHANGING, _changing(self.pledge), strict=True)
            told: dict[str, object] = {name: value for name, value in values if value is not None}
            # In order, so that the same pledge is the same document in every process.
            told["corrected"] = sorted(self.pledge.corrected)
            told["contributions"] = {id: self._json(id, counted) for id, counted in self.pledge.contributions.items()}
            self._document = f"{_opening(self.description)},{_encode(told).decode()[1:]}"
        return self._document

    def _json(self, id: str, counted: RecordedContribution) -> msgspec.Raw:
        known = self._encoded.get(id)
        if known is None or known[0] is not counted:
            known = self._encoded[id] = counted, msgspec.Raw(_without_absent(b"", _encode(counted)))
        return known[1]


def evolved(state: PledgeState | None, event: PledgeEvent) -> PledgeState | None:
    """The state after a fact, whatever it was before."""
    if state:
        return state.after(event)
    pledge = evolve(None, event)
    return PledgeState(pledge) if pledge else None


@lru_cache(maxsize=256)
def state_of(document: str) -> PledgeState:
    """The state that a document tells of: the same one for all read models that follow the ledger together."""
    return PledgeState(pledge_of(document))


def forget_states() -> None:
    """Let go of the states that documents told of, and of all that followed from them."""
    state_of.cache_clear()
