"""Counting by windows: a rate holds over any time as long as the window, and memory has a bound."""

from limits import parse
from limits.strategies import SlidingWindowCounterRateLimiter

from infrastructure.window_counts import WindowCounts

TEN_A_MINUTE = parse("10/minute")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 6_000.0

    def __call__(self) -> float:
        return self.now


def allowed(limiter: SlidingWindowCounterRateLimiter, who: str, times: int) -> int:
    return sum(limiter.hit(TEN_A_MINUTE, who) for _ in range(times))


def test_as_many_as_the_rate_says_are_allowed_to_each() -> None:
    limiter = SlidingWindowCounterRateLimiter(WindowCounts(clock=Clock()))

    assert allowed(limiter, "a", 15) == 10
    assert allowed(limiter, "b", 15) == 10


def test_the_window_before_counts_as_far_as_it_is_less_than_a_window_ago() -> None:
    clock = Clock()
    limiter = SlidingWindowCounterRateLimiter(WindowCounts(clock=clock))
    allowed(limiter, "a", 10)

    clock.now += 60
    assert allowed(limiter, "a", 1) == 0, "all ten were within the last minute"
    clock.now += 30
    assert allowed(limiter, "a", 15) == 5, "half of that window is more than a minute ago"


def test_what_is_two_windows_ago_is_forgotten() -> None:
    clock = Clock()
    counts = WindowCounts(clock=clock)
    limiter = SlidingWindowCounterRateLimiter(counts)
    allowed(limiter, "a", 10)

    clock.now += 120

    assert allowed(limiter, "b", 1) == 1
    assert len(counts) == 1


def test_memory_has_a_bound_and_whoever_came_lately_is_remembered() -> None:
    counts = WindowCounts(most=100, clock=Clock())
    limiter = SlidingWindowCounterRateLimiter(counts)

    for number in range(1_000):
        allowed(limiter, "always", 1)
        allowed(limiter, f"once {number}", 1)

    assert len(counts) == 100
    assert allowed(limiter, "always", 1) == 0


def test_it_answers_what_else_the_library_may_ask() -> None:
    counts = WindowCounts(clock=Clock())
    limiter = SlidingWindowCounterRateLimiter(counts)
    counts.incr("a", 60, 3)

    assert counts.check()
    assert counts.get("a") == 3
    counts.clear("a")
    assert counts.get("a") == 0
    allowed(limiter, "b", 2)
    limiter.clear(TEN_A_MINUTE, "b")
    assert counts.reset() == 0
