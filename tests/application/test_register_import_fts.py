"""A real register, exported on three dates, is imported whole and compared with itself."""

from decimal import Decimal
from multiprocessing import get_context

import pytest

from application.register_import.plan import Choices, Missing, Plan
from application.register_import.promises import Firmness
from application.register_import.register import RegisterState
from audit.envelope import Envelopes
from domain.geography import countries
from domain.vocabulary import Lifecycle, Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.register_view import LedgerRegisterView
from tests.application import fts


def register_of(service: Service) -> RegisterState:
    return LedgerRegisterView(service.pool, Envelopes()).state(fts.mapping().register_name)


def sums(plan: Plan) -> dict[Firmness, tuple[Decimal, Decimal]]:
    return {total.firmness: (total.file, total.register) for total in plan.totals}


def causes(plan: Plan) -> dict[str, Decimal]:
    (movement,) = plan.movements
    return {cause.cause: cause.amount for cause in movement.causes}


@pytest.mark.parametrize("day", [fts.FIRST, fts.SECOND, fts.THIRD])
def test_each_export_imports_whole_with_the_sums_of_the_file(service: Service, day: str) -> None:
    outcome = fts.run(service, day)

    lines = fts.lines(day)
    summary = outcome.plan.summary
    assert (summary.lines, summary.good, summary.bad, summary.pledges_announced) == (
        len(lines),
        len(lines),
        0,
        len(lines),
    )
    assert sums(outcome.plan) == {
        Firmness.VALIDATED: (fts.total(lines, fts.COMMITTED),) * 2,
        Firmness.ANNOUNCED: (fts.total(lines, fts.PLEDGED),) * 2,
    }
    state = register_of(service)
    assert sum(pledge.value_usd for pledge in state.pledges) == fts.total(lines)
    assert service.ledger.position == summary.events == outcome.last_position


def test_the_third_export_has_the_sums_that_are_known_of_it() -> None:
    lines = fts.lines(fts.THIRD)

    assert len(lines) == 683
    assert fts.total(lines) == 1539283677
    assert fts.total(lines, {"Committed"}) == 1398849665
    assert fts.total(lines, {"Pledged"}) == 140434012


def test_nothing_of_a_line_is_lost(service: Service) -> None:
    fts.run(service, fts.THIRD)

    by_line = {p.source.line: p for p in register_of(service).pledges if p.source}
    rows = fts.sheet(fts.THIRD).rows
    assert by_line.keys() == {row.line for row in rows}
    organisations = {o.id: o.name for o in register_of(service).organisations.values()}
    for row in rows:
        pledge, cells = by_line[row.line], {name: str(cell) for name, cell in row.cells.items()}
        assert cells["Description"].strip() in pledge.description
        assert f"Channel: {cells['Channel'].strip()}" in pledge.description
        assert f"Area: {cells['Area'].strip()}" in pledge.description
        assert organisations[pledge.lead.organisation] == " ".join(cells["Donor"].split())
        assert pledge.value_usd == Decimal(cells["Funding"])
        assert bool(pledge.validated_on) == (cells["Committed"] == "Committed")
        assert not pledge.contributions
        assert set(pledge.countries) <= countries().keys()


def test_a_zero_amount_is_a_promise_without_a_target(service: Service) -> None:
    outcome = fts.run(service, fts.THIRD)

    zeros = [line for line in fts.lines(fts.THIRD) if line["Funding"] == "0"]
    assert outcome.plan.summary.amount_not_stated == len(zeros) == 3
    assert sum(not pledge.targets for pledge in register_of(service).pledges) == 3


def test_repeated_lines_are_kept_and_counted(service: Service) -> None:
    outcome = fts.run(service, fts.THIRD)

    lines = [tuple(line.values()) for line in fts.lines(fts.THIRD)]
    assert outcome.plan.summary.repeated_lines == len(lines) - len(set(lines)) == 8
    records = [pledge.source.record for pledge in register_of(service).pledges if pledge.source]
    assert len(set(records)) == len(records) == len(lines)


def test_every_fact_is_dated_with_the_export_and_said_by_bdt(service: Service) -> None:
    fts.run(service, fts.SECOND)

    pledge = register_of(service).pledges[0]
    for entry in service.ledger.entries(pledge.id):
        assert entry.event.effective_on.isoformat() == fts.SECOND
        assert (entry.event.actor.role, entry.event.actor.organisation, entry.event.actor.credential) == (
            Role.BDT,
            None,
            None,
        )


def test_references_have_no_holes_and_a_rehearsal_takes_none(service: Service) -> None:
    rehearsed = fts.preview(service, fts.SECOND)
    assert service.ledger.position == 0

    outcome = fts.run(service, fts.SECOND)

    assert [c.reference for c in outcome.plan.changes] == [f"P2C-2014-{n:06d}" for n in range(1, 503)]
    assert rehearsed == outcome.plan


def test_the_same_export_again_changes_nothing(service: Service) -> None:
    first = fts.run(service, fts.THIRD)

    second = fts.run(service, fts.THIRD)

    assert not second.written
    assert (second.plan.summary.events, second.plan.summary.unchanged) == (0, 683)
    assert service.ledger.position == first.last_position


def test_a_newer_export_records_what_happened_between_and_explains_every_difference(service: Service) -> None:
    fts.run(service, fts.SECOND)

    outcome = fts.run(service, fts.THIRD)

    keys = outcome.plan.keys
    assert keys is not None
    before, after = fts.keys(fts.SECOND), fts.keys(fts.THIRD)
    assert keys.matched_exactly == len(before.keys() & after.keys()) == 385
    assert keys.matched_folded == 392
    assert keys.pairs_exact == (before & after).total() == 406
    summary = outcome.plan.summary
    assert (
        summary.pledges_announced + summary.unchanged + 31 + 44 + 3 == 683
    )  # five firmer ones: two of them also moved
    assert (summary.scaled_up, summary.scaled_down, summary.became_validated, summary.withdrawn) == (31, 44, 5, 0)
    (movement,) = outcome.plan.movements
    assert movement.before == fts.total(fts.lines(fts.SECOND))
    assert movement.file == fts.total(fts.lines(fts.THIRD))
    assert sum(causes(outcome.plan).values()) == movement.difference == Decimal(299872054)
    assert all(total.file == total.register for total in outcome.plan.totals)
    assert not fts.run(service, fts.THIRD).written


def test_what_is_gone_is_withdrawn_only_when_asked_and_with_its_reason(service: Service) -> None:
    fts.run(service, fts.SECOND)

    outcome = fts.run(service, fts.THIRD, Choices(missing=Missing.WITHDRAW))

    assert outcome.plan.summary.withdrawn == len(outcome.plan.gone) == 84
    withdrawn = [p for p in register_of(service).pledges if p.lifecycle is Lifecycle.WITHDRAWN]
    last = service.ledger.entries(withdrawn[0].id)[-1].event
    assert getattr(last, "reason", "") == f"not in the export of 2015-04-13 of {fts.mapping().register_name}"
    held = sum(p.value_usd for p in register_of(service).pledges if p.lifecycle is not Lifecycle.WITHDRAWN)
    assert held == fts.total(fts.lines(fts.THIRD))
    assert not fts.run(service, fts.THIRD, Choices(missing=Missing.WITHDRAW)).written


def test_an_export_that_spells_everything_differently_is_refused_with_examples(service: Service) -> None:
    fts.run(service, fts.FIRST)
    position = service.ledger.position

    outcome = fts.run(service, fts.SECOND)

    assert [refusal.kind for refusal in outcome.plan.refusals] == ["matches_almost_nothing"]
    assert service.ledger.position == position
    strange = outcome.plan.strangeness
    assert strange is not None
    assert "World Health Organization" in strange.new_values["Channel"]
    assert any(
        n.columns == ("Channel",) and {n.key[1], n.known[1]} == {"World Health Organization", "WHO"}
        for n in strange.nearest
    )


def test_it_is_imported_when_somebody_says_that_these_are_other_pledges(service: Service) -> None:
    fts.run(service, fts.FIRST)

    outcome = fts.run(service, fts.SECOND, Choices(as_new=True))

    assert outcome.plan.summary.pledges_announced == 502
    assert not fts.run(service, fts.SECOND).written


@pytest.mark.parametrize("later", [fts.SECOND, fts.THIRD])
def test_an_older_export_on_top_of_a_newer_one_is_refused(service: Service, later: str) -> None:
    fts.run(service, later)
    position = service.ledger.position

    outcome = fts.run(service, fts.FIRST)

    assert [refusal.kind for refusal in outcome.plan.refusals] == ["older_export", "matches_almost_nothing"]
    assert service.ledger.position == position


def _import_there(conninfo: str) -> tuple[bool, int]:
    with open_on(conninfo) as service:
        outcome = fts.run(service, fts.THIRD)
        return outcome.written, outcome.plan.summary.events


def test_two_imports_of_one_file_at_once_do_not_double_it(empty_ledger: str) -> None:
    with open_on(empty_ledger) as service, get_context("spawn").Pool(2) as processes:
        answers = processes.map(_import_there, [empty_ledger] * 2)

        assert sorted(answers) == [(False, 0), (True, 1480)]
        assert service.ledger.position == 1480
