"""How the ledger stands with regard to some appends, and which of them can be made on that, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from infrastructure.appends import Append, Obstacle


class Standing:
    """The versions of histories, the idempotency keys that are taken, and the tokens that are good."""

    def __init__(
        self, versions: Mapping[UUID, int], *, keys_taken: Collection[tuple[str, str]], good_tokens: Collection[UUID]
    ) -> None:
        self._versions = dict(versions)
        self._keys_taken = set(keys_taken)
        self._good_tokens = good_tokens

    def obstacles(self, appends: Iterable[Append]) -> list[Obstacle | None]:
        """Why each append cannot be made after those before it that can; None where it can."""
        return [self._obstacle(append) for append in appends]

    def _obstacle(self, append: Append) -> Obstacle | None:
        if append.credential is not None and append.credential not in self._good_tokens:
            return Obstacle.TOKEN_WORTHLESS
        reached = self._reached(append)
        keys = [(receipt.scope, receipt.idempotency_key) for receipt in append.receipts] if append.receipts else ()
        if reached is None or (keys and not self._keys_taken.isdisjoint(keys)):
            return Obstacle.OVERTAKEN
        self._versions.update(reached)
        self._keys_taken.update(keys)
        return None

    def _reached(self, append: Append) -> Mapping[UUID, int] | None:
        """The versions after the append, if what was seen is still so and each fact is the next of its history."""
        for id, version in append.seen.items():
            if self._versions[id] != version:
                return None
        reached: dict[UUID, int] = {}
        for fact in append.facts:
            if fact.version != reached.get(fact.stream_id, self._versions[fact.stream_id]) + 1:
                return None
            reached[fact.stream_id] = fact.version
        return reached


def expected_versions(appends: Iterable[Append]) -> Mapping[UUID, int]:
    """The version of each history that the first append which matters to it was decided on."""
    expected: dict[UUID, int] = {}
    for append in appends:
        for id, version in append.seen.items():
            expected.setdefault(id, version)
        for fact in append.facts:
            expected.setdefault(fact.stream_id, fact.version - 1)
    return expected


def tokens_of(appends: Iterable[Append]) -> frozenset[UUID]:
    """The tokens that the appends came with."""
    return frozenset(append.credential for append in appends if append.credential is not None)
