"""Rounds in turns: what the machine does besides falls on all contenders alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, float]
"""What one round gave, by the name of the figure."""

Rounds = tuple[float, ...]
"""One figure of one contender, in every round; the n-th of each contender belong together."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that is measured, by the name it has in tables; `run` is one round of it."""

    name: str
    run: Callable[[], Figures]


def interleaved(
    contenders: Sequence[Contender], rounds: int, *, warm_up: int = 1
) -> Mapping[str, Mapping[str, Rounds]]:
    """Every figure of every contender, by the contender's name and the figure's.

    In each round every contender runs once, and each round begins with the next one. The rounds that warm up are not
    counted.
    """
    found: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for number in range(-warm_up, rounds):
        for contender in in_turn(contenders, number):
            figures = contender.run()
            if number >= 0:
                for name, figure in figures.items():
                    found[contender.name][name].append(figure)
    return {
        contender: {name: tuple(figures) for name, figures in of_contender.items()}
        for contender, of_contender in found.items()
    }


def in_turn(contenders: Sequence[Contender], number: int) -> Iterator[Contender]:
    """All contenders, in the order in which the round of this number has them."""
    first = number % len(contenders)
    yield from contenders[first:]
    yield from contenders[:first]
