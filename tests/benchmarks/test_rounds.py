from benchmarks.rounds import Contender, interleaved


def noting(name, notes, figures):
    upcoming = iter(figures)

    def run():
        notes.append(name)
        return {"rate": next(upcoming)}

    return Contender(name, run)


def test_contenders_take_turns_and_each_round_begins_with_the_next_one():
    notes: list[str] = []
    contenders = [noting(name, notes, range(9)) for name in "abc"]

    interleaved(contenders, 4, warm_up=0)

    assert "".join(notes) == "abcbcacababc"


def test_rounds_that_warm_up_are_run_and_not_counted():
    notes: list[str] = []

    found = interleaved([noting("a", notes, [1.0, 2.0, 30.0, 40.0])], 2, warm_up=2)

    assert notes == ["a"] * 4
    assert found == {"a": {"rate": (30.0, 40.0)}}


def test_the_rounds_of_all_contenders_belong_together_whoever_began():
    found = interleaved([noting("a", [], [1.0, 2.0]), noting("b", [], [10.0, 20.0])], 2, warm_up=0)

    assert found == {"a": {"rate": (1.0, 2.0)}, "b": {"rate": (10.0, 20.0)}}
