"""Following the ledger: what happens, as soon as the timeline tells it. One follower serves all who follow."""

from __future__ import annotations

import time
from collections.abc import Callable

from infrastructure.register import WaitUntil
from projections.timeline.channel import Audience, ChannelView, Part

LOOK_SECONDS = 0.25
"""How often the timeline is looked at where nobody in this process tells that it has grown."""

AT_ONCE = 500

EVERYTHING = Audience(everything=True)


class Following:
    """Waits for what happens next.

    `grown` waits for the timeline to reach a position; it tells at once while `is_told` says that it is kept up by this
    process. Elsewhere, the timeline is looked at four times a second.
    """

    def __init__(self, view: ChannelView, grown: WaitUntil, is_told: Callable[[], bool]) -> None:
        self._view = view
        self._grown = grown
        self._is_told = is_told

    def position(self) -> int:
        """How far what happened is told. Raises psycopg.Error."""
        return self._view.position()

    def earlier(self, after: int, audience: Audience, limit: int) -> Part:
        """What happened after a position and could be known to the audience then. Raises psycopg.Error."""
        return self._view.after(after, audience, limit=limit)

    def next(self, after: int) -> Part | None:
        """Everything that happened after a position, some of it if it is much; None where nothing does soon.

        Raises psycopg.Error.
        """
        if not self._may_have_grown(after + 1):
            return None
        part = self._view.after(after, EVERYTHING, limit=AT_ONCE)
        if part.position == after:
            time.sleep(LOOK_SECONDS)  # it was told too early: whoever reads elsewhere has to wait
            return None
        return part

    def _may_have_grown(self, position: int) -> bool:
        if self._is_told():
            return self._grown(position, LOOK_SECONDS)
        time.sleep(LOOK_SECONDS)
        return True
