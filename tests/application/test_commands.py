"""One way in: load, decide, save; once each, however often and from however many sides it is asked."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from application.commands import Commands, IdempotencyKeyReused, Outcome, Request, VersionMismatch
from application.ports import Receipt, Receipts
from domain import refusals
from domain.commands import Announce, Contribute, Partner, PledgeCommand, Validate, Withdraw
from domain.organisation import Register, Rename
from domain.pledge import Pledge
from domain.values import Actor, StatedMoney, UsdRate
from domain.vocabulary import Role, Sector
from infrastructure.bootstrap import Service
from infrastructure.command_stores import PublishedRate, StoredReceipts, StoredReferenceNumbers
from tests.given import announcement, delivering, money, schools, stating, usd

LEAD, PARTNER = uuid4(), uuid4()
BDT = Request(actor=Actor(role=Role.BDT))
PLEDGER = Request(actor=Actor(role=Role.STAKEHOLDER, organisation=LEAD))
NEW = Register(name="Fibre for All", sector=Sector.PRIVATE_SECTOR, country="KEN")


@pytest.fixture
def lead(service: Service) -> UUID:
    """A registered organisation."""
    return service.commands.change_organisation(LEAD, NEW, BDT).state.id


@pytest.fixture
def announce(lead: UUID) -> Announce:
    """The announcement of a pledge of 120 schools by it, without a reference."""
    return announcement(stating(schools(120)), lead=lead, reference=None)


@pytest.fixture
def pledge(service: Service, announce: Announce) -> Pledge:
    """That pledge."""
    return service.commands.announce(announce, PLEDGER).state


def keyed(key: str, fingerprint: bytes = b"this") -> Request:
    """A request with an idempotency key."""
    return replace(PLEDGER, idempotency_key=key, fingerprint=fingerprint)


def one_school(on: date = date(2025, 1, 1)) -> PledgeCommand:
    """A contribution of one school."""
    return Contribute(contributions=(delivering(1, on=on),))


def at_once(times: int, ask) -> list[object]:
    """What so many askers get who all ask at the same time: an answer or an exception each."""

    def attempt(n: int) -> object:
        try:
            return ask(n)
        except Exception as refusal:  # noqa: BLE001 - any of them is an answer here
            return refusal

    with ThreadPoolExecutor(times) as askers:
        return list(askers.map(attempt, range(times)))


def test_references_count_up_within_the_year_of_the_announcement(service: Service, announce: Announce):
    years = (date(2024, 1, 1), date(2024, 6, 1), date(2025, 1, 1))
    references = [
        service.commands.announce(replace(announce, announced_on=on), PLEDGER).state.reference for on in years
    ]
    assert references == ["P2C-2024-000001", "P2C-2024-000002", "P2C-2025-000001"]


def test_a_reference_that_was_brought_along_is_passed_over(service: Service, announce: Announce):
    service.commands.announce(replace(announce, reference="P2C-2024-000001"), PLEDGER)
    assert service.commands.announce(announce, PLEDGER).state.reference == "P2C-2024-000002"
    with pytest.raises(refusals.AlreadyAnnounced):
        service.commands.announce(replace(announce, reference="P2C-2024-000002"), PLEDGER)


def test_the_outcome_is_the_facts_as_stored_and_the_state_right_after_them(service: Service, pledge: Pledge):
    outcome = service.commands.change_pledge(pledge.reference, one_school(), PLEDGER)
    assert outcome.entries == service.ledger.entries(pledge.id, first=2)
    assert outcome.state == service.ledger.pledge(pledge.id)
    assert outcome.position == service.ledger.position == 3


def test_what_does_not_exist_cannot_be_changed(service: Service):
    with pytest.raises(refusals.UnknownPledge):
        service.commands.change_pledge("P2C-2024-000009", Validate(), BDT)
    with pytest.raises(refusals.UnknownOrganisation):
        service.commands.change_organisation(uuid4(), Rename(name="New"), BDT)


def test_a_pledge_is_superseded_only_by_one_that_exists(service: Service, pledge: Pledge):
    withdraw = Withdraw(reason="merged", superseded_by="P2C-2024-000009")
    with pytest.raises(refusals.UnknownPledge) as refusal:
        service.commands.change_pledge(pledge.reference, withdraw, PLEDGER)
    assert refusal.value.field == "superseded_by"


def test_the_published_rate_of_the_month_is_taken_where_none_is_given(service: Service, announce: Announce):
    euros = replace(stating(money(usd(1))), value=StatedMoney(amount=Decimal(100), currency="EUR"))
    command = replace(announce, targets=(euros,))
    with pytest.raises(refusals.ExchangeRateMissing):
        service.commands.announce(command, PLEDGER)
    rate = PublishedRate(currency="EUR", month=date(2024, 1, 1), rate=Decimal("1.25"), source="UN")
    assert service.rates.publish([rate]) == []
    state = service.commands.announce(command, PLEDGER).state
    assert state.value_usd == 125
    assert state.reference == "P2C-2024-000002", "the number of the refused announcement stays unused"


def test_a_published_rate_stays(service: Service):
    rate = PublishedRate(currency="EUR", month=date(2024, 1, 1), rate=Decimal("1.25"), source="UN")
    other = replace(rate, currency="KES", rate=Decimal("0.0077"))
    assert service.rates.publish([rate]) == []
    assert service.rates.publish([rate, other]) == []
    changed = replace(rate, rate=Decimal("1.26"))
    assert service.rates.publish([changed, replace(rate, currency="CHF")]) == [changed]
    assert {r.currency for r in service.rates.published()} == {"EUR", "KES"}
    assert service.rates.published("EUR") == [rate]
    assert service.rates.rate("EUR", date(2024, 1, 31)) == UsdRate(
        rate=Decimal("1.25"), on=date(2024, 1, 1), source="UN"
    )
    assert service.rates.rate("EUR", date(2024, 2, 1)) is None


# Versions


def test_a_stale_version_is_refused(service: Service, pledge: Pledge):
    service.commands.change_pledge(pledge.reference, one_school(), PLEDGER)
    with pytest.raises(VersionMismatch) as refusal:
        service.commands.change_pledge(pledge.reference, one_school(), replace(PLEDGER, expected_version=1))
    assert (refusal.value.expected, refusal.value.current) == (1, 2)


def test_of_many_commands_that_mean_the_same_version_one_wins(service: Service, pledge: Pledge):
    request = replace(PLEDGER, expected_version=1)
    answers = at_once(50, lambda n: service.commands.change_pledge(pledge.reference, one_school(), request))
    assert sum(isinstance(answer, Outcome) for answer in answers) == 1
    assert sum(isinstance(answer, VersionMismatch) for answer in answers) == 49
    assert service.ledger.position == 3


def test_without_a_version_an_overtaken_command_is_decided_again(service: Service, pledge: Pledge):
    answers = at_once(12, lambda n: service.commands.change_pledge(pledge.reference, one_school(), PLEDGER))
    assert all(isinstance(answer, Outcome) for answer in answers), answers
    state = service.ledger.pledge(pledge.id)
    assert state is not None
    assert state.delivered(state.targets[0]) == 12
    assert state.version == 13


def test_a_command_that_the_overtaking_one_made_unlawful_is_refused(service: Service, pledge: Pledge):
    answers = at_once(10, lambda n: service.commands.change_pledge(pledge.reference, Validate(), BDT))
    assert sum(isinstance(answer, Outcome) for answer in answers) == 1
    assert sum(isinstance(answer, refusals.AlreadyDecided) for answer in answers) == 9


# Idempotency


def test_many_requests_with_one_key_cause_one_fact_and_equal_answers(service: Service, pledge: Pledge):
    answers = at_once(50, lambda n: service.commands.change_pledge(pledge.reference, one_school(), keyed("k-1")))
    assert service.ledger.position == 3
    assert all(isinstance(answer, Outcome) for answer in answers), answers
    assert len({(a.entries, a.state.version) for a in answers if isinstance(a, Outcome)}) == 1
    assert sum(not a.replayed for a in answers if isinstance(a, Outcome)) == 1


def test_many_announcements_with_one_key_are_one_pledge(service: Service, announce: Announce):
    answers = at_once(20, lambda n: service.commands.announce(announce, keyed("k-1")))
    assert {answer.state.reference for answer in answers if isinstance(answer, Outcome)} == {
        answers[0].state.reference if isinstance(answers[0], Outcome) else None
    }
    assert service.ledger.position == 2


def test_the_first_answer_is_given_again_whatever_happened_since(service: Service, pledge: Pledge):
    first = service.commands.change_pledge(pledge.reference, one_school(), keyed("k-1"))
    service.commands.change_pledge(pledge.reference, one_school(), PLEDGER)
    service.commands.change_pledge(pledge.reference, Withdraw(reason="no funds"), PLEDGER)
    again = service.commands.change_pledge(pledge.reference, one_school(), keyed("k-1"))
    assert (again.state, again.entries) == (first.state, first.entries)
    assert again.replayed
    assert not first.replayed


def test_a_repeated_command_is_answered_even_where_its_version_is_stale(service: Service, pledge: Pledge):
    request = replace(keyed("k-1"), expected_version=1)
    first = service.commands.change_pledge(pledge.reference, one_school(), request)
    again = service.commands.change_pledge(pledge.reference, one_school(), request)
    assert again.entries == first.entries


def test_a_key_used_for_something_else_is_refused(service: Service, pledge: Pledge):
    service.commands.change_pledge(pledge.reference, one_school(), keyed("k-1"))
    with pytest.raises(IdempotencyKeyReused):
        service.commands.change_pledge(pledge.reference, one_school(), keyed("k-1", b"that"))


def test_the_keys_of_one_client_are_not_anothers(service: Service, announce: Announce):
    service.commands.change_organisation(PARTNER, NEW, BDT)
    joint = replace(announce, partners=(Partner(organisation=PARTNER),))
    reference = service.commands.announce(joint, PLEDGER).state.reference
    other = replace(keyed("k-1", b"that"), actor=Actor(role=Role.STAKEHOLDER, organisation=PARTNER))
    service.commands.change_pledge(reference, one_school(), keyed("k-1"))
    assert not service.commands.change_pledge(reference, one_school(), other).replayed


def test_a_refused_command_leaves_its_key_free(service: Service, pledge: Pledge):
    with pytest.raises(refusals.DateInFuture):
        service.commands.change_pledge(pledge.reference, one_school(date(2999, 1, 1)), keyed("k-1"))
    assert not service.commands.change_pledge(pledge.reference, one_school(), keyed("k-1", b"that")).replayed


def test_every_fact_says_who_caused_it_by_which_command(service: Service, pledge: Pledge, lead: UUID):
    actor = Actor(role=Role.STAKEHOLDER, organisation=lead, credential=uuid4())
    outcome = service.commands.change_pledge(pledge.reference, one_school(), replace(keyed("k-1"), actor=actor))
    (entry,) = outcome.entries
    assert entry.event.actor == actor
    assert entry.event.idempotency_key == "k-1"


class AskedTooEarly:
    """Receipts that are asked right before another process carries the same command out."""

    def __init__(self, receipts: Receipts, meanwhile: Callable[[], object]) -> None:
        self._receipts = receipts
        self._meanwhile: list[Callable[[], object]] = [meanwhile]

    def find(self, scope: str, idempotency_key: str) -> Receipt | None:
        found = self._receipts.find(scope, idempotency_key)
        if self._meanwhile:
            self._meanwhile.pop()()
        return found


@pytest.mark.parametrize("expected_version", [None, 1])
def test_a_command_that_another_process_carries_out_meanwhile_is_answered_alike(
    service: Service, pledge: Pledge, expected_version: int | None
):
    request = replace(keyed("once"), actor=BDT.actor, expected_version=expected_version)
    answers: list[Outcome[Pledge]] = []

    def elsewhere() -> None:
        answers.append(service.commands.change_pledge(pledge.reference, Validate(), request))

    receipts = AskedTooEarly(StoredReceipts(service.pool), elsewhere)
    here = Commands(
        service.ledger, receipts, StoredReferenceNumbers(service.pool), service.rates, lambda: date(2026, 1, 1)
    )

    answer = here.change_pledge(pledge.reference, Validate(), request)

    assert answer == replace(answers[0], replayed=True)
    assert service.ledger.position == 3
