"""Sessions are worth what is behind them, at each request and in every process, and are over in time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from application.access import Permission, Principal
from domain.values import Actor
from domain.vocabulary import Role
from infrastructure import expired_rows, schema
from infrastructure.credentials import Credentials
from infrastructure.database import Pool, open_pool
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.oidc.subjects import Subjects
from infrastructure.sessions import ABSOLUTE_LIMIT, IDLE_LIMIT, NOTED_EVERY, Sessions
from tests.databases import new_ledger

ISSUER = "https://login.example.org"
LITTLE = timedelta(seconds=20)


@pytest.fixture(scope="module")
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    with new_ledger(postgres) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def pool(database: str) -> Iterator[Pool]:
    """Connections that work as the service does."""
    with open_pool(database, role=schema.service_role(database)) as pool:
        yield pool


@pytest.fixture(scope="module")
def elsewhere(database: str) -> Iterator[Sessions]:
    """The sessions as another process of the service has them."""
    with open_pool(database, role=schema.service_role(database), name="p2c-other") as pool:
        yield Sessions(pool)


@pytest.fixture
def sessions(pool: Pool) -> Sessions:
    return Sessions(pool)


@pytest.fixture
def credentials(pool: Pool) -> Credentials:
    return Credentials(pool)


@pytest.fixture
def bdt(pool: Pool) -> Actor:
    """Somebody of BDT who has just signed in at the issuer."""
    return signed_in(pool)


def signed_in(pool: Pool, role: Role = Role.BDT, organisation: UUID | None = None) -> Actor:
    id = Subjects(pool).id_of(ISSUER, f"{uuid4()}@example.org")
    return Actor(role=role, organisation=organisation, credential=id)


def opened(sessions: Sessions, token: str) -> str:
    """A session with a token that is good."""
    secret = sessions.open_with_token(token)
    assert secret is not None
    return secret


@contextmanager
def superuser(pool: Pool) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(str(pool.conninfo), options="", autocommit=True) as connection:
        yield connection


def let_pass(pool: Pool, time: timedelta) -> None:
    """Let all sessions be so much older, by the database's clock."""
    with superuser(pool) as connection:
        connection.execute(
            "UPDATE ledger.sessions SET opened_at = opened_at - %(time)s, expires_at = expires_at - %(time)s,"
            " ends_at = ends_at - %(time)s",
            {"time": time},
        )


def rows(pool: Pool, query: str) -> list[Any]:
    with superuser(pool) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.parametrize("scopes", [None, [Permission.READ, Permission.PLEDGES_WRITE]])
def test_a_session_opened_with_a_token_is_worth_what_the_token_is(
    sessions: Sessions, credentials: Credentials, scopes: list[Permission] | None
):
    credential, token = credentials.issue(Role.STAKEHOLDER, uuid4(), scopes=scopes)
    found = sessions.find(opened(sessions, token))
    assert found == credential.principal
    assert found.permissions == credential.principal.permissions


@pytest.mark.parametrize(("role", "organisation"), [(Role.BDT, None), (Role.STAKEHOLDER, uuid4())])
def test_a_session_of_somebody_who_signed_in_at_the_issuer_stands_for_them(
    sessions: Sessions, pool: Pool, role: Role, organisation: UUID | None
):
    actor = signed_in(pool, role, organisation)
    assert sessions.find(sessions.open_with_actor(actor)) == Principal(actor=actor)


def test_a_session_is_known_to_every_process(sessions: Sessions, elsewhere: Sessions, bdt: Actor):
    secret = sessions.open_with_actor(bdt)
    assert elsewhere.find(secret) == Principal(actor=bdt)
    elsewhere.close(secret)
    assert sessions.find(secret) is None


def test_only_the_digest_of_a_session_is_kept(sessions: Sessions, pool: Pool, bdt: Actor):
    secret = sessions.open_with_actor(bdt)
    assert len(secret) == 43, "256 bits in base64url"
    stored = rows(pool, "SELECT digest, encode(digest, 'escape') || sessions::text FROM ledger.sessions")
    assert sha256(secret.encode()).digest() in {digest for digest, _ in stored}
    assert not any(secret in text or secret.encode().hex() in text for _, text in stored)


@pytest.mark.parametrize("nonsense", ["", "x", "p2c_1234567890", "\ud800" * 43, "ä" * 43, "A" * 43, "A" * 10_000])
def test_what_was_never_a_session_is_none(sessions: Sessions, nonsense: str):
    assert sessions.find(nonsense) is None
    sessions.close(nonsense)


@pytest.mark.parametrize("token", ["", "p2c_unknown", "a.b.c", "\ud800"])
def test_what_is_no_token_of_ours_opens_no_session(sessions: Sessions, token: str):
    assert sessions.open_with_token(token) is None


def test_a_session_is_no_token_and_opens_no_other(sessions: Sessions, credentials: Credentials, bdt: Actor):
    secret = sessions.open_with_actor(bdt)
    assert credentials.authenticate(secret) is None
    assert sessions.open_with_token(secret) is None


def test_a_token_that_is_not_good_opens_no_session(sessions: Sessions, credentials: Credentials):
    revoked, of_revoked = credentials.issue(Role.BDT)
    credentials.revoke(revoked.id)
    _, expired = credentials.issue(Role.BDT, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert sessions.open_with_token(of_revoked) is None
    assert sessions.open_with_token(expired) is None


def test_a_revoked_token_ends_its_sessions_in_every_process(
    sessions: Sessions, elsewhere: Sessions, credentials: Credentials, bdt: Actor
):
    credential, token = credentials.issue(Role.BDT)
    ended, other = [opened(sessions, token), opened(elsewhere, token)], sessions.open_with_actor(bdt)
    assert all(sessions.find(secret) and elsewhere.find(secret) for secret in ended)
    credentials.revoke(credential.id)
    assert not any(sessions.find(secret) or elsewhere.find(secret) for secret in ended)
    assert sessions.find(other)


def test_a_token_that_expires_ends_its_session(sessions: Sessions, credentials: Credentials, pool: Pool):
    credential, token = credentials.issue(Role.BDT, expires_at=datetime.now(UTC) + timedelta(hours=1))
    secret = opened(sessions, token)
    assert sessions.find(secret)
    with superuser(pool) as connection:
        connection.execute(
            "UPDATE ledger.credentials SET expires_at = clock_timestamp() WHERE id = %s", (credential.id,)
        )
    assert sessions.find(secret) is None


def test_scopes_are_those_of_the_token_at_each_request(sessions: Sessions, credentials: Credentials, pool: Pool):
    credential, token = credentials.issue(Role.BDT)
    secret = opened(sessions, token)
    with superuser(pool) as connection:
        connection.execute("UPDATE ledger.credentials SET scopes = '{read}' WHERE id = %s", (credential.id,))
    found = sessions.find(secret)
    assert found is not None
    assert found.permissions == {Permission.READ}


def test_the_use_of_a_token_is_noted_when_a_session_is_opened_and_used(
    sessions: Sessions, credentials: Credentials, pool: Pool
):
    def last_use() -> datetime:
        found = credentials.find(credential.id)
        assert found is not None
        assert found.last_used_at is not None
        return found.last_used_at

    credential, token = credentials.issue(Role.BDT)
    secret = opened(sessions, token)
    noted = last_use()
    sessions.find(secret)
    assert last_use() == noted, "it was noted less than a minute ago"
    with superuser(pool) as connection:
        connection.execute(
            "UPDATE ledger.credentials SET last_used_at = last_used_at - interval '1 minute' WHERE id = %s",
            (credential.id,),
        )
    sessions.find(secret)
    assert last_use() > noted


def test_somebody_who_was_erased_is_signed_in_no_more(sessions: Sessions, elsewhere: Sessions, pool: Pool, bdt: Actor):
    secret = sessions.open_with_actor(bdt)
    assert bdt.credential is not None
    Subjects(pool).erase(bdt.credential)
    assert elsewhere.find(secret) is None
    assert sessions.find(sessions.open_with_actor(bdt)) is None, "nor again with the id that a process remembers"


@pytest.mark.parametrize("actor", [Actor(role=Role.PUBLIC), Actor(role=Role.BDT)], ids=["public", "nobody known"])
def test_nobody_in_particular_is_not_signed_in(sessions: Sessions, actor: Actor):
    with pytest.raises(ValueError, match="cannot be signed in"):
        sessions.open_with_actor(actor)


def test_a_session_that_nobody_uses_is_over(sessions: Sessions, pool: Pool, bdt: Actor):
    secret = sessions.open_with_actor(bdt)
    let_pass(pool, IDLE_LIMIT)
    assert sessions.find(secret) is None


def test_a_session_that_is_used_lives_on_until_it_is_old(
    sessions: Sessions, credentials: Credentials, pool: Pool, bdt: Actor
):
    both = [sessions.open_with_actor(bdt), opened(sessions, credentials.issue(Role.BDT)[1])]
    step = IDLE_LIMIT - LITTLE
    for _ in range(int(ABSOLUTE_LIMIT / step)):
        let_pass(pool, step)
        assert all(map(sessions.find, both))
    let_pass(pool, ABSOLUTE_LIMIT - int(ABSOLUTE_LIMIT / step) * step - LITTLE)
    assert all(map(sessions.find, both)), "it is used up to the end"
    let_pass(pool, LITTLE)
    assert not any(map(sessions.find, both))


def test_a_session_may_end_earlier_and_not_later(sessions: Sessions, pool: Pool, bdt: Actor):
    short = sessions.open_with_actor(bdt, datetime.now(UTC) + timedelta(minutes=10))
    long = sessions.open_with_actor(bdt, datetime.now(UTC) + timedelta(days=10))
    over = sessions.open_with_actor(bdt, datetime.now(UTC) - timedelta(seconds=1))
    assert sessions.find(short)
    assert sessions.find(over) is None
    let_pass(pool, timedelta(minutes=10))
    assert sessions.find(short) is None
    assert sessions.find(long)
    [(most,)] = rows(pool, "SELECT max(ends_at - opened_at) FROM ledger.sessions")
    assert most < ABSOLUTE_LIMIT + LITTLE


def test_the_idle_limit_begins_anew_at_most_once_a_minute(sessions: Sessions, pool: Pool, bdt: Actor):
    def limit() -> datetime:
        [(at,)] = rows(pool, f"SELECT expires_at FROM ledger.sessions WHERE subject_id = '{bdt.credential}'")
        assert isinstance(at, datetime)
        return at

    secret = sessions.open_with_actor(bdt)
    let_pass(pool, NOTED_EVERY - LITTLE)
    before = limit()
    assert sessions.find(secret)
    assert limit() == before
    let_pass(pool, LITTLE)
    assert sessions.find(secret)
    assert limit() > before
    let_pass(pool, IDLE_LIMIT)
    assert sessions.find(secret) is None, "it began anew, and no more"


def test_nobody_waits_for_a_use_to_be_noted(
    sessions: Sessions, credentials: Credentials, pool: Pool, caplog: pytest.LogCaptureFixture
):
    credential, token = credentials.issue(Role.BDT)
    secret = opened(sessions, token)
    let_pass(pool, NOTED_EVERY)
    before = rows(pool, "SELECT expires_at FROM ledger.sessions ORDER BY digest")
    with superuser(pool) as other, other.transaction():
        other.execute("SELECT FROM ledger.sessions FOR UPDATE")
        other.execute("SELECT FROM ledger.credentials FOR UPDATE")
        assert sessions.find(secret) == credential.principal
    assert rows(pool, "SELECT expires_at FROM ledger.sessions ORDER BY digest") == before
    assert caplog.text == "", "nor in vain"


def test_nobody_is_turned_away_because_a_use_cannot_be_noted(
    sessions: Sessions, credentials: Credentials, pool: Pool, caplog: pytest.LogCaptureFixture
):
    secret = opened(sessions, credentials.issue(Role.BDT)[1])
    let_pass(pool, NOTED_EVERY)
    with superuser(pool) as other:
        other.execute("REVOKE UPDATE ON ledger.sessions FROM p2c_service")
        try:
            with caplog.at_level(logging.WARNING):
                assert sessions.find(secret)
        finally:
            other.execute("GRANT UPDATE ON ledger.sessions TO p2c_service")
    assert "the use of a session was not noted" in caplog.text
    assert secret not in caplog.text


def test_all_sessions_of_a_token_or_a_person_are_closed_at_once(
    sessions: Sessions, credentials: Credentials, pool: Pool, bdt: Actor
):
    credential, token = credentials.issue(Role.BDT)
    of_token = [opened(sessions, token) for _ in range(3)]
    of_person, of_another = sessions.open_with_actor(bdt), sessions.open_with_actor(signed_in(pool))
    assert sessions.close_all_of(credential.id) == 3
    assert not any(map(sessions.find, of_token))
    assert credentials.authenticate(token), "the token itself is as good as before"
    assert bdt.credential is not None
    assert sessions.close_all_of(bdt.credential) == 1
    assert sessions.find(of_person) is None
    assert sessions.find(of_another)
    assert sessions.close_all_of(uuid4()) == 0


@pytest.mark.parametrize("how", ["token", "issuer"])
def test_whoever_signs_in_takes_away_what_is_over(
    sessions: Sessions,
    credentials: Credentials,
    pool: Pool,
    bdt: Actor,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
):
    def sign_in() -> str:
        return sessions.open_with_actor(bdt) if how == "issuer" else opened(sessions, credentials.issue(Role.BDT)[1])

    def kept() -> int:
        [(count,)] = rows(pool, "SELECT count(*) FROM ledger.sessions")
        return int(count)

    with superuser(pool) as connection:
        connection.execute("DELETE FROM ledger.sessions")
    for _ in range(7):
        sign_in()
    let_pass(pool, IDLE_LIMIT)
    monkeypatch.setattr(expired_rows, "MOST_AT_ONCE", 4)
    alive = [sign_in()]
    assert kept() == 4, "four of the seven that are over have gone, and one is new"
    alive += [sign_in(), sign_in()]
    assert kept() == 3
    assert all(map(sessions.find, alive))


def test_a_session_is_opened_also_where_what_is_over_cannot_be_taken_away(
    sessions: Sessions, pool: Pool, bdt: Actor, caplog: pytest.LogCaptureFixture
):
    with superuser(pool) as other:
        other.execute("REVOKE DELETE ON ledger.sessions FROM p2c_service")
        try:
            assert sessions.find(sessions.open_with_actor(bdt))
        finally:
            other.execute("GRANT DELETE ON ledger.sessions TO p2c_service")
    assert "what is over in sessions was not taken away" in caplog.text


def test_a_session_is_found_by_one_query(sessions: Sessions, pool: Pool, bdt: Actor, monkeypatch: pytest.MonkeyPatch):
    secret, asked = sessions.open_with_actor(bdt), []
    execute = psycopg.Connection.execute

    def counted(connection: psycopg.Connection[Any], query: Any, *rest: Any, **more: Any) -> Any:
        asked.append(query)
        return execute(connection, query, *rest, **more)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    assert sessions.find(secret)
    assert len([query for query in asked if query]) == 1
