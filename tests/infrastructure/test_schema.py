"""The schema is created and upgraded explicitly, as often as one likes."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import psycopg
import pytest

from infrastructure import schema


def test_applying_twice_changes_nothing_the_second_time(empty_database: str):
    assert [step.number for step in schema.pending(empty_database)] == [s.number for s in schema.steps()]
    assert schema.apply(empty_database) == schema.steps()
    assert schema.pending(empty_database) == []
    assert schema.apply(empty_database) == []


def test_several_processes_may_apply_at_once(empty_database: str):
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as processes:
        applied = list(processes.map(schema.apply, [empty_database] * 4))
    assert sorted(len(steps) for steps in applied) == [0, 0, 0, len(schema.steps())]


def test_a_database_of_a_newer_version_is_left_alone(empty_database: str):
    schema.apply(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("INSERT INTO public.p2c_schema (number, name) VALUES (9999, 'the future')")
    with pytest.raises(schema.SchemaTooNew, match="9999"):
        schema.apply(empty_database)
    with pytest.raises(schema.SchemaTooNew):
        schema.pending(empty_database)


def test_the_steps_are_numbered_without_a_gap():
    assert [step.number for step in schema.steps()] == list(range(1, len(schema.steps()) + 1))
