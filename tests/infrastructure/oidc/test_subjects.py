"""Whoever signs in has an opaque id: always the same, drawn at random, and nobody's any more once erased."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import NAMESPACE_DNS, NAMESPACE_OID, NAMESPACE_URL, NAMESPACE_X500, UUID, uuid3, uuid4, uuid5

import psycopg
import pytest

from infrastructure.bootstrap import open_on
from infrastructure.database import Pool
from infrastructure.oidc import subjects as module
from infrastructure.oidc.signed_tokens import SignedTokens
from infrastructure.oidc.subjects import REMEMBERED_SECONDS, Subject, Subjects
from tests.infrastructure.oidc.conftest import Clock
from tests.issuer import LocalIssuer

ISSUER = "https://login.example.org"


@pytest.fixture
def person() -> str:
    """A name that no other test uses."""
    return f"amina.{uuid4().hex}@example.org"


def row(subjects: Subjects, id: UUID) -> Subject:
    return next(subject for subject in subjects.seen() if subject.id == id)


def used_long_ago(pool: Pool, id: UUID) -> None:
    with pool.connection() as connection:
        connection.execute(
            "UPDATE ledger.subjects SET last_used_at = last_used_at - interval '1 day' WHERE id = %s", (id,)
        )


def test_the_same_subject_has_the_same_id_each_time(subjects: Subjects, pool: Pool, clock: Clock, person: str):
    id = subjects.id_of(ISSUER, person)
    assert subjects.id_of(ISSUER, person) == id
    clock.pass_(REMEMBERED_SECONDS)
    assert subjects.id_of(ISSUER, person) == id
    assert Subjects(pool).id_of(ISSUER, person) == id, "another process"


def test_the_id_stays_over_restarts(empty_ledger: str, person: str):
    ids = set()
    for _ in range(2):
        with open_on(empty_ledger) as service:
            ids.add(service.subjects.id_of(ISSUER, person))
    assert len(ids) == 1


def test_subjects_and_issuers_are_told_apart(subjects: Subjects, person: str):
    others = [(ISSUER, f"{person}x"), (ISSUER, person.upper()), (f"{ISSUER}/", person)]
    assert len({subjects.id_of(*known) for known in [(ISSUER, person), *others]}) == 4


def test_many_first_requests_at_once_get_one_id(pool: Pool, person: str):
    processes = [Subjects(pool) for _ in range(12)]
    with ThreadPoolExecutor(12) as threads:
        assert len(set(threads.map(lambda subjects: subjects.id_of(ISSUER, person), processes))) == 1


def test_the_id_cannot_be_derived_from_the_subject(subjects: Subjects, person: str):
    id = subjects.id_of(ISSUER, person)
    assert id.version == 4
    digests = [hashlib.new(name, f"{ISSUER}{person}".encode()).digest()[:16] for name in ("md5", "sha1", "sha256")]
    namespaces = (NAMESPACE_DNS, NAMESPACE_OID, NAMESPACE_URL, NAMESPACE_X500)
    derived = [uuid(space, person) for space in namespaces for uuid in (uuid3, uuid5)]
    assert id not in {*derived, *(UUID(bytes=digest, version=4) for digest in digests)}
    subjects.erase(id)
    assert subjects.id_of(ISSUER, person) != id, "so it is not a function of the subject at all"


def test_an_erased_subject_is_nobody_and_gets_another_id(subjects: Subjects, person: str):
    id = subjects.id_of(ISSUER, person)
    assert subjects.erase(id)
    assert not subjects.erase(id)
    assert person not in {subject.subject for subject in subjects.seen()}
    assert subjects.id_of(ISSUER, person) != id


def test_an_erasure_elsewhere_is_noticed_within_a_minute(subjects: Subjects, pool: Pool, clock: Clock, person: str):
    id = subjects.id_of(ISSUER, person)
    Subjects(pool).erase(id)
    clock.pass_(REMEMBERED_SECONDS)
    assert subjects.id_of(ISSUER, person) != id


def test_the_last_use_is_noted_once_a_minute(subjects: Subjects, pool: Pool, clock: Clock, person: str):
    id = subjects.id_of(ISSUER, person)
    first = row(subjects, id)
    used_long_ago(pool, id)
    yesterday = row(subjects, id).last_used_at
    clock.pass_(REMEMBERED_SECONDS - 1)
    subjects.id_of(ISSUER, person)
    assert row(subjects, id).last_used_at == yesterday
    clock.pass_(1)
    subjects.id_of(ISSUER, person)
    now = row(subjects, id)
    assert now.last_used_at > yesterday + timedelta(hours=23)
    assert now.first_seen_at == first.first_seen_at
    Subjects(pool).id_of(ISSUER, person)
    assert row(subjects, id).last_used_at == now.last_used_at, "another process has just noted it"


def test_nobody_is_turned_away_because_a_use_cannot_be_noted(subjects: Subjects, pool: Pool, clock: Clock, person: str):
    id = subjects.id_of(ISSUER, person)
    used_long_ago(pool, id)
    clock.pass_(REMEMBERED_SECONDS)
    with psycopg.connect(str(pool.conninfo), options="") as other:
        other.execute("REVOKE UPDATE ON ledger.subjects FROM p2c_service")
        other.commit()
        try:
            assert subjects.id_of(ISSUER, person) == id
        finally:
            other.execute("GRANT UPDATE ON ledger.subjects TO p2c_service")
    assert row(subjects, id).last_used_at < datetime.now().astimezone() - timedelta(hours=23)


def test_a_process_remembers_only_so_many(subjects: Subjects, person: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_REMEMBERED", 3)
    ids = [subjects.id_of(ISSUER, f"{person}{n}") for n in range(10)]
    assert len(subjects._remembered) <= 3
    assert [subjects.id_of(ISSUER, f"{person}{n}") for n in range(10)] == ids


def test_an_actor_is_known_by_the_id_alone(tokens: SignedTokens, issuer: LocalIssuer, subjects: Subjects, person: str):
    actor = tokens.authenticate(issuer.token(sub=person))
    assert actor.credential == subjects.id_of(issuer.url, person)
    assert tokens.authenticate(issuer.token(sub=person)) == actor
    assert tokens.authenticate(issuer.token(sub=f"{person}x")).credential != actor.credential
    assert person not in repr(actor)
