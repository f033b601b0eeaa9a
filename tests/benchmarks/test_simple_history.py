"""django-simple-history is asked the same as the ledger, and says the same."""

from datetime import timedelta

import psycopg
import pytest

from benchmarks.peers.simple_history import connected
from benchmarks.point_in_time import Disagreement, require_agreement
from benchmarks.workload import SPAN, START, fill, rebuild_all
from infrastructure.bootstrap import open_on

PLEDGES, EACH = 12, 6


def test_both_say_the_same_of_any_instant(empty_database):
    with open_on(empty_database) as service, connected(empty_database) as simple:
        fill(service, PLEDGES, EACH)
        rebuild_all(service)

        assert simple.fill() == PLEDGES * EACH
        require_agreement(service, simple)

        # A quarter of the way all are announced, and only some of them are admitted.
        early = START + SPAN / 4
        assert 0 < simple.totals(early)["pledges"] < PLEDGES
        assert simple.totals(START - timedelta(days=1))["pledges"] == 0
        assert len(simple.rows(START + SPAN)) == PLEDGES


def test_a_disagreement_ends_the_run(empty_database):
    with open_on(empty_database) as service, connected(empty_database) as simple:
        fill(service, PLEDGES, EACH)
        rebuild_all(service)
        simple.fill()
        with psycopg.connect(empty_database) as connection:
            connection.execute("UPDATE peers_historicalpledge SET delivered_usd = delivered_usd + 1")

        with pytest.raises(Disagreement):
            require_agreement(service, simple)


def test_the_time_in_the_database_is_that_of_every_statement(empty_database):
    with open_on(empty_database) as service, connected(empty_database) as simple:
        fill(service, PLEDGES, EACH)
        rebuild_all(service)
        simple.fill()
        asked: list[int] = []

        milliseconds = simple.milliseconds_in_database(lambda: asked.append(len(simple.rows(START + SPAN))))

    assert asked == [PLEDGES]
    assert milliseconds > 0
