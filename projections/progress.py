"""Waiting until read models have got to a position, by as many threads as there are requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping

import psycopg

ASK_AGAIN_SECONDS = 0.02
"""How often the database is asked how far another process's runner is."""

ASK_ANYWAY_SECONDS = 1.0
"""How often it is asked where the runner of this process tells by itself."""

Ask = Callable[[float], Mapping[str, int]]
"""How far each read model is, according to the database; waits at most so many seconds for a connection."""


Tell = Callable[[Mapping[str, int]], None]
"""Tells somebody else how far read models are."""


class Progress:
    """How far the read models are, as the runner of this process tells, or the database, asked by one for all."""

    def __init__(self, ask: Ask, tell_on: Tell = lambda reached: None) -> None:
        self._ask = ask
        self._tell_on = tell_on
        self._hurry: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._reached: dict[str, int] = {}
        self._runner_is_here = False
        self._asking = False
        self._ask_next = 0.0

    def tell(self, reached: Mapping[str, int]) -> None:
        """Wake those who wait for what is reached now."""
        with self._changed:
            for name, position in reached.items():
                self._reached[name] = max(position, self._reached.get(name, 0))
            self._changed.notify_all()
        self._tell_on(reached)

    def told(self, name: str) -> int:
        """How far a read model is, as was told last; 0 while nothing was."""
        with self._changed:
            return self._reached.get(name, 0)

    def forget(self) -> None:
        """Read again what was known: a crash or an operator may have set read models back."""
        with self._changed:
            self._reached.clear()
            self._ask_next = 0.0

    def runner_came(self, hurry: Callable[[], None] | None = None) -> None:
        """From now on the runner of this process tells, or its deputy, who is to `hurry` where somebody waits."""
        with self._changed:
            self._reached.clear()
            self._runner_is_here = True
            self._hurry = hurry

    def runner_left(self) -> None:
        """From now on the database has to be asked, often."""
        with self._changed:
            self._runner_is_here = False
            self._hurry = None
            self._ask_next = 0.0
            self._changed.notify_all()

    def let_gather(self, seconds: float) -> None:
        """Wait, at most so many seconds, until somebody waits for what is not reached, or it is `gathered`."""
        self._wanted.wait(seconds)
        self._wanted.clear()

    def gathered(self) -> None:
        """Let entries gather no longer."""
        self._wanted.set()
        if hurry := self._hurry:
            hurry()

    def wait_until(self, position: int, timeout: float, names: Iterable[str]) -> bool:
        """Wait, at most `timeout` seconds, for all these read models to reach the position; whether they have."""
        wanted = tuple(names)
        deadline = time.monotonic() + timeout
        with self._changed:
            while not all(self._reached.get(name, 0) >= position for name in wanted):
                now = time.monotonic()
                if now >= deadline:
                    return False
                self.gathered()
                if self._asking or now < self._ask_next:
                    soon = self._every if self._asking else self._ask_next - now
                    self._changed.wait(min(deadline - now, soon))
                else:
                    self._ask_for_all(deadline - now)
            return True

    @property
    def _every(self) -> float:
        return ASK_ANYWAY_SECONDS if self._runner_is_here else ASK_AGAIN_SECONDS

    def _ask_for_all(self, seconds: float) -> None:
        """Ask the database, letting the others wait for the answer; one that does not come tells nothing."""
        self._asking = True
        self._changed.release()
        reached: Mapping[str, int] = {}
        try:
            reached = self._ask(seconds)
        except psycopg.Error:
            pass  # the database is away: whoever waits, waits on
        finally:
            self._changed.acquire()
            self._asking = False
            self._ask_next = time.monotonic() + self._every
        self.tell(reached)
