"""Whoever follows the ledger in a runner's place while there is much to follow, in another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from projections.bell import Bell


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a deputy tells: whether it is the active runner, what keeps it from working, how far read models are."""

    leading: bool
    problem: str | None
    reached: Mapping[str, int] = field(default_factory=dict)


class Deputy(Protocol):
    """A runner elsewhere, which is called when there is much to follow, and sent away when there is not."""

    def call(self) -> None:
        """Let it come; harmless where it is on its way, or could not come lately."""

    @property
    def is_here(self) -> bool:
        """Whether it has come, and stands for election."""

    def follow(self, bell: Bell, told: Callable[[News], None]) -> None:
        """Let it follow, until there is little to follow, the bell rings, or it has gone."""

    def hurry(self) -> None:
        """Say that somebody waits for what is not reached yet. Any thread may."""

    def dismiss(self) -> None:
        """Send it away; what it has in hand, it ends first. Harmless where there is none."""
