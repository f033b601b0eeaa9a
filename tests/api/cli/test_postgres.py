"""PostgreSQL's own programs find the ledger's database by themselves."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict

from infrastructure.postgres_programs import environment
from tests.service_process import p2c

ASK = ("psql", "-Atc", "SELECT current_database()")


@pytest.mark.database
def test_a_program_works_on_the_database_that_the_settings_name(empty_database: str) -> None:
    answer = p2c("postgres", *ASK, database_url=empty_database)

    assert (answer.returncode, answer.stdout) == (0, f"{conninfo_to_dict(empty_database)['dbname']}\n"), answer.stderr


@pytest.mark.database
def test_its_options_are_its_own_and_so_is_its_exit_code(empty_database: str) -> None:
    assert "psql is the PostgreSQL interactive terminal" in p2c("postgres", "psql", "--help").stdout
    failed = p2c("postgres", "psql", "-v", "ON_ERROR_STOP=1", "-c", "SELECT 1/0", database_url=empty_database)

    assert (failed.returncode, "division by zero" in failed.stderr) == (1, True)


def test_an_unknown_program_is_refused_with_those_there_are(empty_database: str) -> None:
    answer = p2c("postgres", "pg_nothing", database_url=empty_database)

    assert answer.returncode == 1
    assert "no program pg_nothing" in answer.stderr
    assert "pg_basebackup, " in answer.stderr


def test_the_password_goes_by_the_environment_and_other_servers_variables_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGHOST", "another")
    monkeypatch.setenv("PGSERVICE", "another")
    url = "postgresql://ledger:s3cr%65t@a.example,b.example:5433/p2c?target_session_attrs=read-write&keepalives_idle=5"

    given = environment(url)

    assert {name: value for name, value in given.items() if name.startswith("PG")} == {
        "PGHOST": "a.example,b.example",
        "PGPORT": ",5433",
        "PGUSER": "ledger",
        "PGPASSWORD": "s3cret",
        "PGDATABASE": "p2c",
        "PGTARGETSESSIONATTRS": "read-write",
    }
    assert "PATH" in given
