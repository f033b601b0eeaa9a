"""What a register's lines become, what differs between exports, and what is wrong with a file."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from application.commands import Request
from application.register_import.plan import Choices, Missing, Outcome
from application.register_import.promises import Firmness
from audit.envelope import Envelopes
from domain.events import Announced, ScaledDown
from domain.organisation import Register, Rename
from domain.pledge import Pledge
from domain.values import Actor, Money
from domain.vocabulary import Lifecycle, Role, Sector
from infrastructure.bootstrap import Service, open_on
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.register_view import LedgerRegisterView
from tests.application.made_up import EXPORTED_ON, GROUPED, TEXT, mapping, run, sheet
from tests.databases import new_ledger

LATER = date(2025, 9, 30)
BDT = Request(actor=Actor(role=Role.BDT))


def pledges(service: Service) -> list[Pledge]:
    found = LedgerRegisterView(service.pool, Envelopes()).state("Made-up register").pledges
    return sorted(found, key=lambda pledge: pledge.reference)


def faults(outcome: Outcome) -> list[tuple[int, str | None, str, str]]:
    return [(f.line, f.column, f.value, f.reason) for f in outcome.plan.faults]


def findings(outcome: Outcome) -> list[str]:
    return [finding.kind for finding in outcome.plan.findings]


def test_a_line_becomes_a_pledge_with_its_dollars_at_the_registers_own_rate(service: Service) -> None:
    run(service, sheet({}))

    (pledge,) = pledges(service)
    (target,) = pledge.targets
    assert isinstance(target.value, Money)
    assert (target.value.amount, target.value.currency, target.value.usd) == (
        Decimal("1000.50"),
        "EUR",
        Decimal("1100.55"),
    )
    assert target.value.usd_rate is not None
    assert target.value.usd_rate.source == "the register's own rate"
    assert (pledge.title, pledge.description) == ("Connect schools", "Connect schools\nPlace: Kenya")
    assert (pledge.countries, pledge.announced_on, pledge.lifecycle) == (
        ("KEN",),
        date(2025, 1, 1),
        Lifecycle.VALIDATED,
    )


def test_it_is_told_how_many_pledges_are_decided_also_those_that_are_known_or_gone(service: Service) -> None:
    run(service, sheet({"What": "First"}, {"What": "Second"}, {"What": "Third"}))
    told: list[tuple[int, int]] = []

    again = sheet({"What": "First"}, {"No": "9", "What": "Ninth"})
    service.imports.preview(again, mapping(), EXPORTED_ON, Choices(), lambda *done: told.append(done))

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)], "one is known, one is new, two are gone"


def test_several_countries_or_none_come_from_one_cell(service: Service) -> None:
    run(service, sheet({"Where": "West Africa; kenya"}, {"Where": "Everywhere"}))

    assert [pledge.countries for pledge in pledges(service)] == [("GHA", "TGO", "KEN"), ()]


def test_lines_of_one_group_are_targets_of_one_pledge(service: Service) -> None:
    one = sheet({"No": "7"}, {"No": "7", "Amount": "20", "Currency": "", "Rate": ""}, {"No": "8"})

    run(service, one, text=GROUPED)

    first, second = pledges(service)
    assert [target.value for target in first.targets][1] == Money(amount=Decimal(20), currency="USD", usd=Decimal(20))
    assert (len(first.targets), len(second.targets)) == (2, 1)
    assert not run(service, one, text=GROUPED).written


def test_a_group_grows_by_a_line_and_rises(service: Service) -> None:
    run(service, sheet({"No": "7"}), text=GROUPED)

    outcome = run(service, sheet({"No": "7", "Amount": "2000"}, {"No": "7", "Amount": "5"}), text=GROUPED, on=LATER)

    (pledge,) = pledges(service)
    assert sorted(target.promised for target in pledge.targets) == [5, 2000]
    assert outcome.plan.summary.scaled_up == 1
    assert not run(
        service, sheet({"No": "7", "Amount": "2000"}, {"No": "7", "Amount": "5"}), text=GROUPED, on=LATER
    ).written


def test_lines_of_one_group_that_contradict_each_other_are_bad(service: Service) -> None:
    outcome = run(service, sheet({"No": "7"}, {"No": "7", "State": "said"}), text=GROUPED)

    assert (3, None, "", "has another admission than line 2 of the same pledge") in faults(outcome)
    assert outcome.plan.summary.bad == 2


def test_what_was_paid_is_a_delivery_on_its_day_and_only_the_rest_comes_later(service: Service) -> None:
    run(service, sheet({"Paid": "100", "Paid on": "01/03/2025"}))
    outcome = run(service, sheet({"Paid": "250", "Paid on": ""}), on=LATER)

    (pledge,) = pledges(service)
    delivered = [(c.contribution.amount, c.contribution.effective_on) for c in pledge.contributions.values()]
    assert [(getattr(amount, "amount", None), on) for amount, on in delivered] == [
        (100, date(2025, 3, 1)),
        (150, LATER),
    ]
    assert outcome.plan.summary.contributions == 1
    assert not run(service, sheet({"Paid": "250", "Paid on": ""}), on=LATER).written
    assert findings(run(service, sheet({"Paid": "200"}), on=LATER)) == ["paid_less"]


def test_a_line_can_be_paid_whole(service: Service) -> None:
    text = TEXT.replace('amount = "Paid"\n', 'whole_column = "Paid"\nwhole_values = ["yes"]\n')
    run(service, sheet({"Paid": "Yes"}, {"Paid": "no"}), text=text)

    assert [pledge.delivered_usd for pledge in pledges(service)] == [Decimal("1100.55"), 0]


@pytest.mark.parametrize(
    ("change", "fact", "amount"),
    [({"Amount": "2000"}, "ScaledUp", 2000), ({"Amount": "10"}, "ScaledDown", 10)],
)
def test_another_amount_is_a_scaling(service: Service, change: dict[str, str], fact: str, amount: int) -> None:
    run(service, sheet({}))

    outcome = run(service, sheet(change), on=LATER)

    assert [c.facts for c in outcome.plan.changes] == [(fact,)]
    (pledge,) = pledges(service)
    assert pledge.targets[0].promised == amount
    event = service.ledger.entries(pledge.id)[-1].event
    if isinstance(event, ScaledDown):
        assert event.reason == "Lower in the export of 2025-09-30 of Made-up register."


def test_what_was_said_becomes_firm_and_an_amount_is_stated_at_last(service: Service) -> None:
    run(service, sheet({"Amount": "0", "State": "said"}))
    assert not pledges(service)[0].targets

    outcome = run(service, sheet({}), on=LATER)

    assert [c.facts for c in outcome.plan.changes] == [("Validated", "ScaledUp")]
    assert [(c.known, c.sentences) for c in outcome.plan.changes] == [
        (True, ("Admitted to the register.", "Scaled up: new target of 1,000.50 EUR."))
    ]
    assert {c.cause: c.amount for m in outcome.plan.movements for c in m.causes} == {"stated_now": Decimal("1000.50")}


def test_what_an_import_cannot_take_back_is_left_to_a_person(service: Service) -> None:
    run(service, sheet({}, {}, {}))

    changed = sheet({"State": "said"}, {"Amount": "0"}, {"Currency": "USD", "Rate": ""})
    outcome = run(service, changed, on=LATER)

    assert not outcome.written
    assert findings(outcome) == ["less_firm", "no_longer_stated", "no_longer_stated"]
    assert "1,000.50 USD instead" in outcome.plan.findings[2].message
    (euro, dollar) = outcome.plan.movements
    assert {c.cause: c.amount for c in euro.causes} == {"no_longer_stated": Decimal("-2001.00")}
    assert {c.cause: c.amount for c in dollar.causes} == {"stated_now": Decimal("1000.50")}


def test_another_title_is_told_and_not_recorded(service: Service) -> None:
    run(service, sheet({}))

    assert findings(run(service, sheet({"What": "Connect hospitals"}), on=LATER)) == ["other_words"]
    assert findings(run(service, sheet({"What": "connect  SCHOOLS"}), on=LATER)) == []


def test_a_line_that_comes_back_after_its_withdrawal_is_a_new_pledge(service: Service) -> None:
    run(service, sheet(*[{}] * 20))
    run(service, sheet(*[{}] * 19), Choices(missing=Missing.WITHDRAW), on=LATER)

    outcome = run(service, sheet(*[{}] * 20), on=LATER)

    assert outcome.plan.returned == (21,)
    assert outcome.plan.summary.pledges_announced == 1
    records = [p.source.record for p in pledges(service) if p.source and p.source.record.startswith('["20"')]
    assert records == ['["20"]', '["20",2]']


def test_nothing_is_withdrawn_while_a_line_is_bad(service: Service) -> None:
    run(service, sheet({}, {}))

    choices = Choices(missing=Missing.WITHDRAW, keep_good_rows=True)
    outcome = run(service, sheet({}, {"Amount": "much"}), choices, on=LATER)

    assert (outcome.plan.summary.gone, outcome.plan.summary.withdrawn) == (1, 0)


def test_inside_one_key_equal_lines_pair_first_then_equal_amounts_then_firmness(service: Service) -> None:
    run(
        service,
        sheet({"No": "5", "Amount": "1", "State": "said"}, {"No": "5", "Amount": "2"}, {"No": "5", "Amount": "3"}),
    )

    lines = (
        {"No": "5", "Amount": "4", "State": "said"},
        {"No": "5", "Amount": "1"},
        {"No": "5", "Amount": "2"},
        {"No": "5", "Amount": "3"},
    )
    outcome = run(service, sheet(*lines), on=LATER)

    assert {c.line: c.facts for c in outcome.plan.changes} == {3: ("Validated",), 2: ("Announced",)}
    assert not run(service, sheet(*lines), on=LATER).written


def test_organisations_are_found_by_their_name_even_a_former_one(service: Service) -> None:
    known = service.commands.register(Register(name="Fibre Ltd", sector=Sector.PRIVATE_SECTOR), BDT).state
    service.commands.change_organisation(known.id, Rename(name="Fibre plc"), BDT)

    outcome = run(service, sheet({}, {"Who": "Another"}, {"Who": " Another "}))

    assert outcome.plan.summary.organisations_registered == 1
    assert pledges(service)[0].lead.organisation == known.id
    assert pledges(service)[1].lead.organisation == pledges(service)[2].lead.organisation


def test_every_bad_line_is_named_with_its_column_value_reason_and_remedy(service: Service) -> None:
    bad = sheet(
        {"Amount": "12.3.4"},
        {"Amount": "-5"},
        {"Amount": "(5)"},
        {"Where": "Atlantis"},
        {"State": "perhaps"},
        {"Who": "  "},
        {"Paid": "5", "Paid on": "2025-03-01"},
        {"Currency": "XYZ"},
        {"Amount": "1.005"},
        {"Rate": ""},
        {"What": "a\x00b"},
        {"What": "x" * 30_000},
        {"Paid": "7", "Paid on": "01/12/2024"},
        {"Amount": "=1+1", "State": "nor this"},
        {},
    )
    outcome = run(service, bad)

    assert faults(outcome) == [
        (2, "Amount", "12.3.4", "is not an amount"),
        (3, "Amount", "-5", "is negative, and a promise cannot be"),
        (4, "Amount", "(5)", "is negative, and a promise cannot be"),
        (5, "Where", "Atlantis", "is no country known by that name"),
        (6, "State", "perhaps", "is none of announced, validated, declined"),
        (7, "Who", "  ", "gives no name of the lead organisation"),
        (8, "Paid on", "2025-03-01", "is not a date of the form %d/%m/%Y"),
        (9, "Amount", "", "Unknown codes: targets.0.value.currency: XYZ."),
        (10, "Amount", "", "The amount 1.005 has more than 2 decimal places."),
        (11, "Amount", "", "No US dollar rate is known for EUR in 2025-01."),
        (12, "What", "a\\x00b", "has the control character U+0000, and cannot be kept"),
        (13, "What and Where", "", "The text of description has 30013 characters, more than 20000."),
        (14, "Amount", "", "The date 2024-12-01 is before the pledge was announced on 2025-01-01."),
        (15, "State", "nor this", "is none of announced, validated, declined"),
        (15, "Amount", "=1+1", "is not an amount"),
    ]
    assert all(fault.remedy for fault in outcome.plan.faults)
    assert (outcome.plan.summary.bad, outcome.plan.summary.good) == (14, 1)
    assert not outcome.written
    assert service.ledger.position == 0


def test_good_lines_can_be_kept_and_bad_ones_leave_no_organisation_and_no_hole(service: Service) -> None:
    bad = {"Who": "Nobody", "Amount": "1.005"}

    outcome = run(service, sheet({}, bad, {}), Choices(keep_good_rows=True))

    assert [c.reference for c in outcome.plan.changes] == ["P2C-2025-000001", "P2C-2025-000002"]
    assert outcome.plan.summary.organisations_registered == 1
    assert [p.source.line for p in pledges(service) if p.source] == [2, 4]


def test_text_that_looks_like_a_formula_is_kept_as_text(service: Service) -> None:
    run(service, sheet({"What": "=HYPERLINK(1)"}, {"What": '+cmd|"'}))

    assert [pledge.title for pledge in pledges(service)] == ["=HYPERLINK(1)", '+cmd|"']


def test_a_negative_amount_may_be_taken_as_not_stated(service: Service) -> None:
    text = TEXT.replace("[amount]\n", '[amount]\nnegative = "unstated"\n')

    outcome = run(service, sheet({"Amount": "-5"}, {}), text=text)

    assert outcome.plan.summary.amount_not_stated == 1
    assert [(t.file, t.register) for t in outcome.plan.totals] == [(Decimal("995.50"), Decimal("1000.50"))]


def test_an_import_brings_its_own_references_and_numbers_pass_over_them(service: Service) -> None:
    own = TEXT.replace("[pledge.type]", '[pledge.reference]\ncolumn = "No"\n[pledge.type]')
    run(service, sheet({"No": "P2C-2025-000001"}), text=own)

    other = TEXT.replace("Made-up register", "Another register")
    outcome = run(service, sheet({}, {}), text=other)

    assert [c.reference for c in outcome.plan.changes] == ["P2C-2025-000002", "P2C-2025-000003"]


def test_a_reference_that_another_pledge_has_is_a_bad_line(service: Service) -> None:
    own = TEXT.replace("[pledge.type]", '[pledge.reference]\ncolumn = "No"\n[pledge.type]')
    run(service, sheet({}), text=own)

    outcome = run(service, sheet({}), text=own.replace("Made-up register", "Another register"))

    assert faults(outcome) == [(2, "No", "", "The pledge 1 has been announced already.")]


def test_a_future_export_is_refused(service: Service) -> None:
    with pytest.raises(Exception, match="is in the future"):
        run(service, sheet({}), on=date(2999, 1, 1))


def test_thousands_of_lines_are_recorded_in_one_transaction(service: Service) -> None:
    outcome = run(service, sheet(*[{}] * 2_000))

    first, *_ = pledges(service)
    (announced, _) = service.ledger.entries(first.id)
    assert isinstance(announced.event, Announced)
    assert outcome.last_position == 4_001


@pytest.fixture(scope="module")
def shared_service(postgres: EmbeddedPostgres) -> Iterator[Service]:
    """One database for all examples of the property; each imports a register of its own."""
    with new_ledger(postgres) as conninfo, open_on(conninfo) as service:
        yield service


CELLS = st.fixed_dictionaries(
    {
        "No": st.sampled_from(["1", "2", "3", " 2", "A", "a"]),
        "What": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        "Amount": st.one_of(
            st.decimals("0", "1e9", places=2).map(lambda d: f"{d:f}"), st.sampled_from(["", "0", "-1", "x", "1e3"])
        ),
        "State": st.sampled_from(["firm", "said", "refused", "?"]),
        "Currency": st.just("USD"),
        "Rate": st.just(""),
    }
)
numbered: dict[str, int] = {"registers": 0}


@settings(max_examples=60)
@given(first=st.lists(CELLS, min_size=1, max_size=8), second=st.lists(CELLS, min_size=1, max_size=8))
def test_totals_equal_the_good_lines_and_nothing_is_left_the_second_time(
    shared_service: Service, first: list[Any], second: list[Any]
) -> None:
    numbered["registers"] += 1
    text = TEXT.replace("Made-up register", f"Register {numbered['registers']}")
    choices = Choices(keep_good_rows=True, as_new=True)
    for on, cells in ((EXPORTED_ON, first), (LATER, second)):
        of = sheet(*cells)
        outcome = run(shared_service, of, choices, text=text, on=on)
        bad = {fault.line for fault in outcome.plan.faults}
        good = [row.cells for row in of.rows if row.line not in bad]
        for word, firmness in (("firm", "validated"), ("said", "announced"), ("refused", "declined")):
            wanted = sum((Decimal(str(c["Amount"] or 0)) for c in good if c["State"] == word), Decimal(0))
            assert sum((t.file for t in outcome.plan.totals if t.firmness == Firmness(firmness)), Decimal(0)) == wanted
        if on == EXPORTED_ON:
            assert all(total.file == total.register for total in outcome.plan.totals)
        for movement in outcome.plan.movements:
            assert sum((cause.amount for cause in movement.causes), Decimal(0)) == movement.difference
        assert not run(shared_service, of, choices, text=text, on=on).written
