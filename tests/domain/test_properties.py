"""What holds for every pledge, whatever happens to it."""

from collections.abc import Sequence
from datetime import date

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.commands import PledgeCommand
from domain.events import PartiallyFulfilled, PledgeEvent, ScaledDown
from domain.pledge import evolve, fold
from domain.schedule import reporting_health, schedule_health
from domain.vocabulary import Lifecycle
from tests.given import ANNOUNCED_ON, PLEDGE
from tests.lives import after, commands, days, histories


@for_all(histories, commands)
@settings(max_examples=200)
def test_every_command_in_every_state_causes_lawful_facts_or_is_refused_by_name(
    history: Sequence[PledgeEvent], command: PledgeCommand
):
    outcome = after(history).when(command)
    if outcome.refusal is not None:
        assert outcome.refusal.message
        assert outcome.refusal.remedy
        return
    assert outcome.facts
    versions = [fact.originator_version for fact in outcome.facts]
    assert versions == list(range(len(history) + 1, len(history) + 1 + len(versions)))
    assert {fact.originator_id for fact in outcome.facts} == {PLEDGE}
    assert all(ANNOUNCED_ON <= fact.effective_on <= outcome.given.at.today for fact in outcome.facts)
    assert outcome.pledge.version == versions[-1]


@for_all(histories)
def test_nothing_delivered_is_ever_negative_and_verified_is_part_of_delivered(history: Sequence[PledgeEvent]):
    for n in range(len(history) + 1):
        pledge = fold(None, history[:n])
        if pledge is None:
            continue
        assert 0 <= pledge.verified_usd <= pledge.delivered_usd
        for target in pledge.targets:
            assert target.promised > 0
            assert 0 <= pledge.delivered(target, verified=True) <= pledge.delivered(target)
            assert pledge.share(target) >= 0
            assert pledge.missing(target) >= 0


@for_all(histories)
def test_folding_is_deterministic_and_can_be_done_in_parts(history: Sequence[PledgeEvent]):
    whole = fold(None, history)
    assert whole == fold(None, history)
    for n in range(len(history) + 1):
        assert fold(fold(None, history[:n]), history[n:]) == whole


@for_all(histories, st.data())
def test_evolving_never_fails_on_any_selection_of_the_facts(history: Sequence[PledgeEvent], data: st.DataObject):
    kept = data.draw(st.lists(st.booleans(), min_size=len(history), max_size=len(history)))
    pledge = None
    for fact, keep in zip(history, kept, strict=True):
        pledge = evolve(pledge, fact) if keep else pledge
    assert pledge is None or pledge.lifecycle in Lifecycle


@for_all(histories, days)
def test_folding_for_a_date_counts_only_what_was_delivered_by_then(history: Sequence[PledgeEvent], on: date):
    pledge = fold(None, [fact for fact in history if fact.effective_on <= on])
    if pledge is None:
        assert not history or on < ANNOUNCED_ON
        return
    counted = [c.contribution.effective_on for c in pledge.contributions.values()]
    assert all(day <= on for day in counted)
    assert reporting_health(pledge, on)
    assert schedule_health(pledge, on)


@for_all(histories)
def test_every_delivery_is_a_fact_of_its_own_day(history: Sequence[PledgeEvent]):
    deliveries = [fact for fact in history if isinstance(fact, PartiallyFulfilled)]
    assert all(c.effective_on == fact.effective_on for fact in deliveries for c in fact.contributions)


@for_all(histories)
def test_shares_make_one_whole_or_are_not_given(history: Sequence[PledgeEvent]):
    pledge = fold(None, history)
    if pledge is None:
        return
    shares = [party.share for party in (pledge.lead, *pledge.partners)]
    given = [share for share in shares if share is not None]
    assert not given or (sum(given) == 1 and all(share > 0 for share in given) | (shares[0] is not None))


@for_all(histories)
def test_a_target_is_never_below_what_a_scaling_down_left_delivered(history: Sequence[PledgeEvent]):
    pledge = None
    for fact in history:
        pledge = evolve(pledge, fact)
        if isinstance(fact, ScaledDown):
            assert pledge is not None
            changed = {change.after.id for change in fact.targets}
            assert all(pledge.delivered(t) <= t.promised for t in pledge.targets if t.id in changed)
