import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measures import AtLeast, Below, Better, GrowsAtMost, Measure, Series, Under, plain


def measure(better, *targets, unit="a second", **rounds):
    series = [Series(name, figures) for name, figures in rounds.items()]
    return Measure(title="a measure", unit=unit, better=better, series=series, targets=targets)


def test_a_ratio_is_the_median_of_what_each_round_says_of_its_own_two():
    # The second round was slow for both. The medians alone, 100 and 50, would say 2.
    found = measure(Better.MORE, ours=(100.0, 10.0, 300.0), theirs=(20.0, 2.0, 50.0))

    assert found.times_as_good("ours", "theirs") == 5.0


def test_what_takes_half_the_time_is_twice_as_good():
    found = measure(Better.LESS, ours=(5.0,), theirs=(10.0,))

    assert found.times_as_good("ours", "theirs") == 2.0
    assert found.ratio("ours", "theirs") == 0.5


@pytest.mark.parametrize(("ours", "reached"), [(19.9, False), (20.0, True), (21.0, True)])
def test_so_many_times_as_good_is_reached_from_there_on(ours, reached):
    (verdict,) = measure(
        Better.MORE, AtLeast(of="ours", against="theirs", factor=20), ours=(ours,), theirs=(1.0,)
    ).verdicts()

    assert (verdict.wanted, verdict.found) == ("20 × theirs", f"{plain(ours)} ×")
    assert verdict.reached is reached


@pytest.mark.parametrize(("after", "reached"), [(15.0, True), (15.1, False), (3.0, True)])
def test_growth_is_held_against_what_it_may_be_at_most(after, reached):
    (verdict,) = measure(
        Better.LESS, GrowsAtMost(of="after", against="before", factor=1.5), before=(10.0,), after=(after,)
    ).verdicts()

    assert verdict.reached is reached
    assert verdict.wanted == "at most 1.5 × before"


@pytest.mark.parametrize(("ours", "reached"), [(14.9, True), (15.0, False)])
def test_a_bound_is_held_by_the_median(ours, reached):
    (verdict,) = measure(Better.LESS, Under(of="ours", bound=15), unit="ms", ours=(1.0, ours, 99.0)).verdicts()

    assert (verdict.wanted, verdict.reached) == ("under 15 ms", reached)


@pytest.mark.parametrize(("ours", "reached"), [(9.9, True), (10.0, False), (11.0, False)])
def test_what_is_to_be_below_is_shown_beside_what_it_is_to_be_below(ours, reached):
    (verdict,) = measure(
        Better.LESS, Below(of="ours", against="theirs"), unit="ms", ours=(ours,), theirs=(10.0,)
    ).verdicts()

    assert (verdict.wanted, verdict.reached) == ("ours below theirs", reached)
    assert verdict.found == f"{plain(ours)} ms beside 10"


@pytest.mark.parametrize(
    "target",
    [
        AtLeast(of="ours", against="absent", factor=20),
        GrowsAtMost(of="absent", against="ours", factor=2),
        Below(of="ours", against="absent"),
        Under(of="absent", bound=1),
    ],
)
def test_a_target_without_its_contender_is_neither_reached_nor_missed(target):
    (verdict,) = measure(Better.MORE, target, ours=(1.0,)).verdicts()

    assert (verdict.found, verdict.reached, verdict.share) == (None, None, None)


figures = st.floats(min_value=0.01, max_value=1e6)


@given(st.sampled_from(Better), figures, figures, st.floats(min_value=0.1, max_value=100))
def test_a_target_is_reached_where_all_of_it_was_found(better, ours, theirs, factor):
    targets = (
        AtLeast(of="ours", against="theirs", factor=factor),
        GrowsAtMost(of="ours", against="theirs", factor=factor),
        Below(of="ours", against="theirs"),
        Under(of="ours", bound=factor),
    )
    for verdict in measure(better, *targets, ours=(ours,), theirs=(theirs,)).verdicts():
        assert verdict.share is not None
        if abs(verdict.share - 1) > 1e-9:
            assert verdict.reached is (verdict.share > 1)


@pytest.mark.parametrize(
    ("figure", "written"),
    [(0.0, "0"), (0.000123, "0.0001"), (0.0123, "0.0123"), (3.14159, "3.14"), (99.96, "100"), (27_123.4, "27,123")],
)
def test_a_figure_is_written_with_the_digits_that_count(figure, written):
    assert plain(figure) == written
