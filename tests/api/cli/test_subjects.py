"""`p2c subject`: who signed in can be listed and erased."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest

from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.bootstrap import open_on
from tests.api.cli.conftest import Run

ISSUER = "https://login.example.org"


@pytest.fixture
def ids(empty_ledger: str) -> list[str]:
    """Two who signed in."""
    with open_on(empty_ledger) as service:
        return [str(service.subjects.id_of(ISSUER, person)) for person in ("amina.diop", "bo.chen")]


def test_who_signed_in_is_listed_the_latest_first(on_ledger: Run, ids: list[str]) -> None:
    listed = json.loads(on_ledger("subject", "list", "--json").stdout)

    assert [(s["id"], s["subject"]) for s in listed] == [(ids[1], "bo.chen"), (ids[0], "amina.diop")]
    assert all(s["issuer"] == ISSUER and s["first_seen_at"] <= s["last_used_at"] for s in listed)
    assert "amina.diop" in on_ledger("subject", "list").stdout


def test_who_is_erased_is_not_listed_any_more(on_ledger: Run, ids: list[str]) -> None:
    assert on_ledger("subject", "erase", ids[0]).exit_code == 0
    assert "amina.diop" not in on_ledger("subject", "list").stdout

    again = on_ledger("subject", "erase", ids[0])

    assert again.exit_code == 1
    assert "`p2c subject list` shows the ids" in again.stderr


@pytest.mark.parametrize("how", ["sign-out", "erase"])
def test_whoever_is_signed_out_or_erased_has_no_session_any_more(
    on_ledger: Run, empty_ledger: str, ids: list[str], how: str
) -> None:
    with open_on(empty_ledger) as service:
        actors = [Actor(role=Role.BDT, credential=UUID(id)) for id in ids]
        one, other = [service.sessions.open_with_actor(actor) for actor in actors]
        assert on_ledger("subject", how, ids[0]).exit_code == 0
        assert service.sessions.find(one) is None
        assert service.sessions.find(other)


def test_who_was_signed_out_is_still_known(on_ledger: Run, ids: list[str]) -> None:
    assert on_ledger("subject", "sign-out", ids[0]).stdout == f"{ids[0]} was not signed in.\n"
    assert "amina.diop" in on_ledger("subject", "list").stdout


def test_what_nobody_is_known_by_is_not_erased(on_ledger: Run, ids: list[str]) -> None:
    assert on_ledger("subject", "erase", str(uuid4())).exit_code == 1
    assert on_ledger("subject", "erase", "amina.diop").exit_code == 2
    assert len(json.loads(on_ledger("subject", "list", "--json").stdout)) == len(ids)


def test_nobody_has_signed_in_at_first(on_empty: Run) -> None:
    assert on_empty("subject", "list").stdout == "Nobody has signed in.\n"
