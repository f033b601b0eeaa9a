"""What the issuer publishes, kept for a while, so that it is asked seldom and may be away for a time.

Keys are taken for the issuer's for five minutes. Then, and for a key that nobody knows, it is asked again, at most
every ten seconds and by one thread, however many tokens come. While it does not answer, known keys stay good for an
hour. So do the addresses where people sign in.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Final, NamedTuple, TypeVar

import structlog

from infrastructure.oidc.public_keys import PublicKey
from infrastructure.oidc.publication import Endpoints, Publication
from infrastructure.oidc.refusals import IssuerAway

FRESH_SECONDS: Final = 300.0
"""For so long a key is good without asking, also one that the issuer has taken back meanwhile."""

AWAY_SECONDS: Final = 3600.0
"""For so long a key is good while the issuer does not answer."""

PAUSE_SECONDS: Final = 10.0
"""Between an answer of the issuer, or its silence, and the next question."""

WAIT_SECONDS: Final = 5.0
"""The longest that a request waits for the issuer."""

log = structlog.get_logger("p2c.oidc")


_Found = TypeVar("_Found")


class _Kept(NamedTuple):
    publication: Publication
    since: float


class KeptPublication:
    """What `fetch` gave last; it raises whatever it likes where it cannot."""

    def __init__(self, fetch: Callable[[], Publication], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="oidc-keys")
        self._question: Future[None] | None = None
        self._next_question = clock()
        self._away = False
        self._kept = _Kept(Publication(), -math.inf)

    def key(self, id: str | None) -> PublicKey | None:
        """The key of this id, or None where the issuer has no such key. Raises IssuerAway where it cannot be asked."""
        return self._find(lambda published: published.keys.find(id))

    def endpoints(self) -> Endpoints | None:
        """Where people sign in by a browser; None where they cannot. Raises IssuerAway where that cannot be known."""
        return self._find(lambda published: published.endpoints)

    def _find(self, wanted: Callable[[Publication], _Found | None]) -> _Found | None:
        if found := self._known(wanted, FRESH_SECONDS):
            return found
        answered = self._ask(patient=self._known(wanted, AWAY_SECONDS) is None)
        if answered:
            return self._known(wanted, FRESH_SECONDS)
        if found := self._known(wanted, AWAY_SECONDS):
            return found
        raise IssuerAway(max(1, math.ceil(self._next_question - self._clock())))

    def _known(self, wanted: Callable[[Publication], _Found | None], seconds: float) -> _Found | None:
        kept = self._kept
        return wanted(kept.publication) if self._clock() - kept.since < seconds else None

    def _ask(self, *, patient: bool) -> bool:
        """Ask again if it is time; whether what is kept is what the issuer answered last.

        Who can do without an answer does not wait for an issuer that gave none the last time.
        """
        with self._lock:
            if self._question is None and self._clock() >= self._next_question:
                self._question = self._asking.submit(self._renew)
            question = self._question
        if question and (patient or not self._away):
            wait([question], WAIT_SECONDS)
        return not self._away and (question is None or question.done())

    def _renew(self) -> None:
        answer = self._answer()
        with self._lock:
            self._away = answer is None
            self._kept = self._kept if answer is None else _Kept(answer, self._clock())
            self._next_question = self._clock() + PAUSE_SECONDS
            self._question = None

    def _answer(self) -> Publication | None:
        try:
            answer = self._fetch()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the issuer has to be asked again
            log.warning("the keys of the issuer cannot be fetched", reason=f"{type(fault).__name__}: {fault}")
            return None
        if not answer.keys.keys:
            log.warning("the issuer publishes no key that signatures can be checked with")
        return answer
