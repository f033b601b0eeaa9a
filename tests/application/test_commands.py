"""One way in: load, decide, save; once each, however often and from however many sides it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from application.commands import Commands, IdempotencyKeyReused, Outcome, Request, VersionMismatch
from application.ledger import Overtaken, TokenWorthless
from application.memory import NotAtHand
from application.ports import Receipt, Receipts
from domain import refusals
from domain.commands import Announce, Contribute, Partner, PledgeCommand, ScaleUp, Validate, Withdraw
from domain.identity import pledge_id
from domain.organisation import Deactivate, Register, Rename
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


def another_process(service: Service, receipts: Receipts | None = None) -> Commands:
    """The commands of another process on the same ledger, which remembers what it has seen itself."""
    return Commands(
        service.ledger,
        receipts or StoredReceipts(service.pool),
        StoredReferenceNumbers(service.pool),
        service.rates,
        lambda: date(2026, 1, 1),
    )


@pytest.mark.parametrize("expected_version", [None, 1])
def test_a_command_that_another_process_carried_out_is_answered_alike(
    service: Service, pledge: Pledge, expected_version: int | None
):
    request = replace(keyed("once"), actor=BDT.actor, expected_version=expected_version)
    first = service.commands.change_pledge(pledge.reference, Validate(), request)

    again = another_process(service).change_pledge(pledge.reference, Validate(), request)

    assert again == replace(first, replayed=True)
    assert service.ledger.position == 3


@pytest.mark.parametrize("expected_version", [None, 2])
def test_a_command_that_another_process_carries_out_meanwhile_is_answered_alike(
    service: Service, pledge: Pledge, expected_version: int | None
):
    request = replace(keyed("once"), actor=BDT.actor, expected_version=expected_version)
    answers: list[Outcome[Pledge]] = []

    def elsewhere() -> None:
        answers.append(service.commands.change_pledge(pledge.reference, Validate(), request))

    here = another_process(service, AskedTooEarly(StoredReceipts(service.pool), elsewhere))
    remember(here, pledge)
    service.commands.change_pledge(pledge.reference, one_school(), PLEDGER)  # so that what is remembered is not enough

    answer = here.change_pledge(pledge.reference, Validate(), request)

    assert answer == replace(answers[0], replayed=True)
    assert service.ledger.position == 4


def remember(commands: Commands, pledge: Pledge) -> None:
    """Let the process see the pledge as it is now."""
    with pytest.raises(refusals.DateInFuture):
        commands.change_pledge(pledge.reference, one_school(date(2999, 1, 1)), PLEDGER)


def test_what_is_remembered_refuses_nothing_that_is_possible_by_now(service: Service, pledge: Pledge):
    """Here the pledge is remembered as it was before the other process scaled it up, added a target, say."""
    here = another_process(service)
    remember(here, pledge)
    service.commands.change_pledge(
        pledge.reference,
        ScaleUp(new_targets=(stating(replace(schools(5), id="more")),)),
        PLEDGER,
    )
    on_the_new_target = Contribute(contributions=(replace(delivering(1, on=date(2025, 1, 1)), target="more"),))

    outcome = here.change_pledge(pledge.reference, on_the_new_target, PLEDGER)

    assert outcome.state.version == 3
    assert outcome.before is not None
    assert outcome.before.version == 2


def test_what_is_remembered_allows_nothing_that_is_impossible_by_now(service: Service, pledge: Pledge):
    here = another_process(service)
    remember(here, pledge)
    service.commands.change_pledge(pledge.reference, Withdraw(reason="The grant was cut."), PLEDGER)
    with pytest.raises(refusals.PledgeClosed):
        here.change_pledge(pledge.reference, one_school(), PLEDGER)
    assert service.ledger.position == 3


def test_an_organisation_that_another_process_deactivated_leads_nothing_new(
    service: Service, announce: Announce, lead: UUID
):
    here = another_process(service)
    here.announce(announce, PLEDGER)  # the lead is remembered as active
    service.commands.change_organisation(lead, Deactivate(reason="It was dissolved."), BDT)
    with pytest.raises(refusals.OrganisationInactive):
        here.announce(announce, PLEDGER)


def done_on_a_loop(commands: Commands, reference: str, command: PledgeCommand, request: Request) -> Outcome[Pledge]:
    """What becomes of a command that a handler of an event loop begins, and then waits for."""

    async def done() -> Outcome[Pledge]:
        begun = commands.begin_to_change_pledge(reference, command, request)
        await asyncio.wrap_future(begun.recorded)
        return commands.recorded(begun)

    return asyncio.run(done())


def test_a_command_on_what_is_remembered_is_begun_without_waiting(service: Service, pledge: Pledge):
    outcome = done_on_a_loop(service.commands, pledge.reference, one_school(), keyed("k-1"))

    assert outcome.before == pledge
    assert outcome.state == service.ledger.pledge(pledge.id)
    assert {organisation.name for organisation in outcome.organisations.values()} == {"Fibre for All"}
    assert service.commands.change_pledge(pledge.reference, one_school(), keyed("k-1")) == replace(
        outcome, replayed=True
    )


def test_a_command_on_what_is_not_remembered_or_that_is_refused_is_not_begun(service: Service, pledge: Pledge):
    with pytest.raises(NotAtHand):
        another_process(service).begin_to_change_pledge(pledge.reference, one_school(), PLEDGER)
    with pytest.raises(NotAtHand):
        service.commands.begin_to_change_pledge(pledge.reference, one_school(date(2999, 1, 1)), PLEDGER)
    assert service.ledger.position == 2


def test_pledges_that_were_looked_at_together_are_at_hand_with_who_takes_part(service: Service, announce: Announce):
    first, second = (service.commands.announce(announce, PLEDGER).state.reference for _ in range(2))
    here = another_process(service)

    found = asyncio.run(here.look_at([first, "T-404", second]))

    assert found == {first: True, "T-404": False, second: True}

    assert [here.remembers(reference) for reference in (first, "T-404", second)] == [True, False, True]
    for reference in (first, second):
        outcome = done_on_a_loop(here, reference, one_school(), PLEDGER)
        assert outcome.state == service.ledger.pledge(pledge_id(reference))


def test_a_command_that_was_begun_and_overtaken_records_nothing(service: Service, pledge: Pledge):
    here = another_process(service)
    here.change_pledge(pledge.reference, one_school(), PLEDGER)
    service.commands.change_pledge(pledge.reference, one_school(), PLEDGER)
    with pytest.raises(Overtaken):
        done_on_a_loop(here, pledge.reference, one_school(), PLEDGER)
    assert service.ledger.position == 4


def test_nothing_is_recorded_with_a_token_that_was_revoked_since_it_was_presented(
    service: Service, pledge: Pledge, lead: UUID
):
    credential, _ = service.credentials.issue(Role.STAKEHOLDER, lead)
    request = replace(PLEDGER, token=credential.id)
    service.commands.change_pledge(pledge.reference, one_school(), request)

    service.credentials.revoke(credential.id)

    with pytest.raises(TokenWorthless):
        done_on_a_loop(service.commands, pledge.reference, one_school(), request)
    assert service.ledger.position == 3
