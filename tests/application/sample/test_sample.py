"""The sample shows everything that can happen, says everywhere that it is a sample, and can be loaded twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import get_args

import pytest

from application.commands import Request
from application.sample.loading import LedgerHoldsMore, began_with_the_sample, is_sample, load_sample
from application.sample.story import BDT, PledgeStep, story, story_end
from audit.envelope import Entry, Envelopes
from domain import geography, vocabulary
from domain.events import (
    Amended,
    Announced,
    AnyEvent,
    ContributionQueried,
    Corrected,
    PartiallyFulfilled,
    Published,
    Registered,
    Renamed,
    Reported,
    ScaledUp,
    Withdrawn,
)
from domain.organisation import Register
from domain.pledge import Pledge, Standing
from domain.schedule import reporting_health, schedule_health
from domain.values import Money
from domain.vocabulary import (
    Additionality,
    BeneficiaryGroup,
    CountryGroup,
    FocusArea,
    Lifecycle,
    PledgeType,
    Region,
    ReportingHealth,
    ScheduleHealth,
    Sector,
    SelfAssessment,
)
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from tests.databases import new_sample

CURRENCIES = {"USD", "EUR", "JPY", "KES", "CHF", "GBP", "INR", "XOF"}


@dataclass(frozen=True)
class Portfolio:
    """The sample as it is read back from a ledger."""

    entries: list[Entry]
    pledges: list[Pledge]

    def facts(self, kind: type[AnyEvent]) -> list[AnyEvent]:
        return [entry.event for entry in self.entries if isinstance(entry.event, kind)]

    @property
    def announced(self) -> list[Announced]:
        return [event for event in self.facts(Announced) if isinstance(event, Announced)]

    @property
    def money(self) -> list[Money]:
        targets = (target.value for event in self.announced for target in event.targets)
        delivered = (
            contribution.amount
            for event in self.facts(PartiallyFulfilled)
            if isinstance(event, PartiallyFulfilled)
            for contribution in event.contributions
        )
        return [amount for amount in chain(targets, delivered) if isinstance(amount, Money)]


def everything_in(service: Service) -> list[Entry]:
    stored = service.ledger.recorder.select_notifications(1, 100_000)
    return [Envelopes().read(s.state, s.id) for s in stored]


@pytest.fixture(scope="module")
def portfolio(postgres: EmbeddedPostgres) -> Iterator[Portfolio]:
    with new_sample(postgres) as conninfo, open_on(conninfo) as service:
        entries = everything_in(service)
        ids = [entry.event.originator_id for entry in entries if isinstance(entry.event, Announced)]
        yield Portfolio(entries, [found for id in ids if (found := service.ledger.pledge(id))])


def test_it_has_about_sixty_pledges_by_about_thirty_organisations(portfolio: Portfolio) -> None:
    assert 55 <= len(portfolio.pledges) <= 65
    assert 28 <= len(portfolio.facts(Registered)) <= 35


def test_everything_that_can_happen_happens(portfolio: Portfolio) -> None:
    # A publication is BDT's, of a moment of its own choosing; the sample publishes nothing in its name.
    assert {type(entry.event) for entry in portfolio.entries} == set(get_args(AnyEvent)) - {Published}


@pytest.mark.parametrize(
    ("codes", "name"),
    [
        (FocusArea, "focus_area"),
        (PledgeType, "type"),
        (Additionality, "additionality"),
        (Lifecycle, "lifecycle"),
    ],
)
def test_every_code_of_a_list_that_a_pledge_has_one_of_occurs(
    codes: type[StrEnum], name: str, portfolio: Portfolio
) -> None:
    assert {getattr(pledge, name) for pledge in portfolio.pledges} - {None} == set(codes)


@pytest.mark.parametrize(
    ("codes", "name"),
    [
        (set(BeneficiaryGroup), "beneficiary_groups"),
        (set(vocabulary.sdgs()), "sdgs"),
        (set(vocabulary.wsis_lines()), "wsis_lines"),
        (set(vocabulary.pillars()), "pillars"),
    ],
)
def test_every_code_of_a_list_that_a_pledge_has_some_of_occurs(
    codes: set[object], name: str, portfolio: Portfolio
) -> None:
    assert {code for pledge in portfolio.pledges for code in getattr(pledge, name)} == codes


def test_every_measure_is_promised(portfolio: Portfolio) -> None:
    assert {t.measure for p in portfolio.pledges for t in p.targets} == set(vocabulary.measures())


def test_leads_are_of_every_sector_and_region_and_some_of_no_country(portfolio: Portfolio) -> None:
    leads = [pledge.lead for pledge in portfolio.pledges]

    assert {lead.sector for lead in leads} == set(Sector)
    assert {lead.region for lead in leads} == {*Region, None}


def test_pledges_are_implemented_in_every_region_and_group_of_countries(portfolio: Portfolio) -> None:
    countries = {country for pledge in portfolio.pledges for country in pledge.countries}
    groups = {group for country in countries for group in geography.groups_of(country, story_end())}

    assert geography.regions_of(countries) == set(Region)
    assert groups == set(CountryGroup)


def test_some_pledges_stop_counting_for_the_least_developed_when_three_countries_leave_the_group(
    portfolio: Portfolio,
) -> None:
    leaving = geography.members(CountryGroup.LDC, date(2026, 11, 23)) - geography.members(
        CountryGroup.LDC, date(2026, 11, 24)
    )
    staying = geography.members(CountryGroup.LDC, date(2026, 11, 24))
    reclassified = [p for p in portfolio.pledges if leaving & set(p.countries) and not staying & set(p.countries)]

    assert leaving == {"BGD", "LAO", "NPL"}
    assert {country for pledge in reclassified for country in pledge.countries} >= leaving


def test_money_is_promised_and_delivered_in_eight_currencies_at_rates_that_are_called_samples(
    portfolio: Portfolio,
) -> None:
    rates = [money.usd_rate for money in portfolio.money if money.usd_rate]

    assert {money.currency for money in portfolio.money} == CURRENCIES
    assert {rate.source for rate in rates} == {"sample rate"}


def test_every_judgement_and_every_health_occurs(portfolio: Portfolio) -> None:
    reports = [report for pledge in portfolio.pledges for report in pledge.reports]

    assert {report.self_assessment for report in reports} == set(SelfAssessment)
    assert {reporting_health(p, story_end()) for p in portfolio.pledges} == set(ReportingHealth)
    assert {schedule_health(p, story_end()) for p in portfolio.pledges} == set(ScheduleHealth)


def test_contributions_stand_on_every_step_of_the_ladder(portfolio: Portfolio) -> None:
    standings = {counted.standing for pledge in portfolio.pledges for counted in pledge.contributions.values()}

    assert standings == set(Standing)


def test_it_tells_of_more_than_was_promised_and_of_honest_failures(portfolio: Portfolio) -> None:
    lifecycles = [p.lifecycle for p in portfolio.pledges]
    corrections = [event for event in portfolio.facts(Corrected) if isinstance(event, Corrected)]
    withdrawals = [event for event in portfolio.facts(Withdrawn) if isinstance(event, Withdrawn)]

    assert any(p.share(t) > 1 for p in portfolio.pledges for t in p.targets)
    assert lifecycles.count(Lifecycle.WITHDRAWN) > 1
    assert lifecycles.count(Lifecycle.DECLINED) > 1
    assert any(event.superseded_by for event in withdrawals)
    assert any(event.reopens for event in corrections)
    assert any(event.replacement is None for event in corrections)
    assert any(p.lifecycle is Lifecycle.FULFILLED and not p.targets for p in portfolio.pledges)
    assert any(isinstance(event, ContributionQueried) for event in portfolio.facts(ContributionQueried))


def test_some_promises_are_shared_by_exact_parts_and_some_without(portfolio: Portfolio) -> None:
    joint = [(pledge.lead, *pledge.partners) for pledge in portfolio.pledges if pledge.partners]
    shares = [[party.share for party in parties] for parties in joint]

    assert [None in some for some in shares].count(False) > 3
    assert [None in some for some in shares].count(True) > 0
    assert {sum(share or Decimal(0) for share in some) for some in shares} == {Decimal(0), Decimal(1)}


def test_promises_are_scaled_up_in_every_way(portfolio: Portfolio) -> None:
    raised = [event for event in portfolio.facts(ScaledUp) if isinstance(event, ScaledUp)]

    assert any(event.targets for event in raised)
    assert any(event.new_targets for event in raised)
    assert any(event.new_countries for event in raised)
    assert any(event.ends_on for event in raised)


def test_reports_have_challenges_and_practices_worth_reading(portfolio: Portfolio) -> None:
    reports = [event for event in portfolio.facts(Reported) if isinstance(event, Reported)]

    assert sum(1 for report in reports if report.challenges) > 15
    assert sum(len(report.good_practices) for report in reports) > 25


def test_references_span_the_years_of_announcement(portfolio: Portfolio) -> None:
    assert {pledge.announced_on.year for pledge in portfolio.pledges} == {2022, 2023, 2024, 2025, 2026}
    for pledge in portfolio.pledges:
        assert pledge.reference.startswith(f"P2C-{pledge.announced_on.year}-0000")


def test_everything_says_that_it_is_a_sample(portfolio: Portfolio) -> None:
    for entry in portfolio.entries:
        assert is_sample(entry)
        match entry.event:
            case Registered(name=name) | Renamed(name=name):
                assert name.endswith(" (sample)")
            case Announced() as event:
                assert event.source is not None
                assert (event.source.register, event.title[:8]) == ("sample", "Sample: ")
                assert "is a sample" in event.description
            case Amended(after=after):
                assert after.title is None or after.title.startswith("Sample: ")
                assert after.description is None or "is a sample" in after.description
            case _:
                pass  # the pledge that it is about says it


def test_no_document_or_site_of_anybody_real_is_named(portfolio: Portfolio) -> None:
    links = [word for entry in portfolio.entries for word in str(entry.event).split("'") if word.startswith("http")]

    assert [link for link in links if not link.split("/")[2].endswith(".example")] == []


def test_the_story_ends_before_three_countries_leave_a_group_and_is_never_in_the_future() -> None:
    assert story_end() <= date(2026, 11, 20)


def test_a_life_is_told_in_the_order_of_its_days() -> None:
    steps = [step for step in story() if isinstance(step, PledgeStep)]

    for key in {step.pledge for step in steps}:
        numbers = [int(step.idempotency_key.rpartition("/")[2]) for step in steps if step.pledge == key]
        assert numbers == sorted(numbers), key


def test_loading_twice_adds_nothing(service: Service) -> None:
    first = load_sample(service.ledger, service.commands)
    position = service.ledger.position

    again = load_sample(service.ledger, service.commands)

    assert (first.events, first.not_yet, again.events) == (position, 0, 0)
    assert service.ledger.position == position


def test_on_an_earlier_day_what_has_not_happened_is_left_out_and_added_later(empty_ledger: str) -> None:
    def early() -> date:
        return date(2024, 1, 1)

    with open_on(empty_ledger, today=early) as service:
        some = load_sample(service.ledger, service.commands, early)
    with open_on(empty_ledger, today=story_end) as service:
        rest = load_sample(service.ledger, service.commands, story_end)
        entries = everything_in(service)

    assert some.not_yet > 0
    assert rest.not_yet == 0
    assert some.events + rest.events == len(entries)


def test_on_any_later_day_it_is_the_same_sample(empty_ledger: str) -> None:
    def later() -> date:
        return story_end() + timedelta(days=1200)

    with open_on(empty_ledger, today=later) as service:
        assert load_sample(service.ledger, service.commands, later).not_yet == 0


def test_a_ledger_with_anything_else_in_it_is_left_alone(service: Service) -> None:
    service.commands.register(Register(name="A real one", sector=Sector.OTHER), Request(actor=BDT))

    with pytest.raises(LedgerHoldsMore):
        load_sample(service.ledger, service.commands)

    assert service.ledger.position == 1
    assert not began_with_the_sample(service.ledger)


def test_a_sample_ledger_that_somebody_tried_out_is_still_known_as_one(service: Service) -> None:
    load_sample(service.ledger, service.commands)
    service.commands.register(Register(name="A trial", sector=Sector.OTHER), Request(actor=BDT))

    assert began_with_the_sample(service.ledger)
    with pytest.raises(LedgerHoldsMore):
        load_sample(service.ledger, service.commands)
