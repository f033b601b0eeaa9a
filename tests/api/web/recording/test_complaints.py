"""What is wrong is said beside its field and at the top, and nothing that was typed is lost by it."""

from __future__ import annotations

import pytest

from api.web.recording.typed_decimals import Ambiguous, plain_decimal
from tests.api.web.recording.people import Page, Person, Register

PREFIX = "contributions.2"


def typed_of(page: Page, *names: str) -> list[str]:
    return [page.fields.get(name, [""])[0] for name in names]


def test_all_that_is_wrong_is_said_at_once_beside_its_fields(pledger: Person):
    typed = {
        "description": "Words.",
        "type": "policy",
        "targets.0.value.amount": "ten",
        "targets.0.due_on": "tomorrow",
        "countries": ["SEN"],
        "sdgs": ["4"],
    }
    page = pledger.send(pledger.open("/record/announce"), typed)
    assert page.status == 422
    assert page.complaint("title") == "Error: This is needed."
    assert page.complaint("targets.0.measure") == "Error: This is needed."
    assert page.complaint("targets.0.value.amount").startswith("Error: Write the amount as a plain number")
    assert page.complaint("targets.0.due_on").startswith("Error: Give a day")
    assert page.complaint("description") == ""
    assert len(page.summary) == 5
    assert page.find("//*[@id='summary']//a/@href") == [
        "#f-title",
        "#f-focus-area-0",
        "#f-targets-0-measure",
        "#f-targets-0-value-amount",
        "#f-targets-0-due-on",
    ]
    assert all(page.find(f"//*[@id='{href[1:]}']") for href in page.find("//*[@id='summary']//a/@href"))
    assert page.text("//title").startswith("Error:")
    for name, value in typed.items():
        assert page.fields[name] == (value if isinstance(value, list) else [value]), name


def test_complaints_lead_to_the_row_in_which_it_was_typed(register: Register, pledger: Person):
    """The first row is empty, so what is typed in the second is the first contribution of the command."""
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/contribute")
    typed = {
        "contributions.1.target": "schools",
        "contributions.1.amount.amount": "0",
        "contributions.1.effective_on": str(register.today),
    }
    refused = pledger.send(page, typed)
    assert refused.status == 422
    assert "must be above zero" in refused.complaint("contributions.1.amount.amount")
    assert refused.complaint("contributions.0.amount.amount") == ""
    early = pledger.send(
        page, {**typed, "contributions.1.amount.amount": "3", "contributions.1.effective_on": "2001-01-01"}
    )
    assert "before the pledge was announced" in early.complaint("contributions.1.effective_on")
    assert early.fields["form_key"] == page.fields["form_key"]


@pytest.mark.parametrize(
    ("form", "typed", "said", "at"),
    [
        ("scale-up", {"targets.1.value": "100"}, "Nothing rises", "f-targets"),
        ("scale-up", {}, "Nothing rises", None),
        ("scale-down", {"targets.1.value": "3", "reason": "Less."}, "cannot fall below", "f-targets"),
        ("contribute", {}, "at least one contribution", "f-contributions"),
        ("fulfil", {"statement": "Done."}, "Not every target is met", None),
        (
            "withdraw",
            {"reason": "No.", "superseded_by": "P2C-1999-000009"},
            "No pledge that you can see",
            "f-superseded-by",
        ),
        ("amend", {"reason": "A slip."}, "Nothing differs", None),
        ("amend", {"reason": "A slip.", "title": ""}, "cannot be kept", "f-title"),
        (
            "report",
            {"period_end": "2001-01-01", "self_assessment": "on_track", "narrative": "x"},
            "end is before",
            "f-period-end",
        ),
    ],
)
def test_what_the_domain_refuses_is_said_in_words_where_it_belongs(
    register: Register, pledger: Person, form: str, typed: dict[str, str], said: str, at: str | None
):
    reference = register.announced()
    register.deliver(reference, 4)
    page = pledger.send(pledger.open(f"/pledges/{reference}/{form}"), typed)
    assert page.status == 422
    [complaint] = page.summary
    assert said in complaint
    assert page.find("//*[@id='summary']//a/@href") == ([f"#{at}"] if at else [])
    if at:
        assert page.find(f"//*[@id='{at}']")
    for name, value in typed.items():
        assert page.fields[name] == [value]


def test_another_row_keeps_everything_that_was_typed(register: Register, pledger: Person):
    reference = register.announced()
    page = pledger.open(f"/pledges/{reference}/contribute")
    more = pledger.send(page, {"contributions.0.description": "Half <b>done</b>", "add": "contributions"})
    assert more.status == 200
    assert typed_of(more, "contributions.0.description", f"{PREFIX}.description") == ["Half <b>done</b>", ""]
    assert f"{PREFIX}.description" in more.fields
    within = pledger.send(more, {"add": f"{PREFIX}.evidence"})
    assert f"{PREFIX}.evidence.1.url" in within.fields
    assert within.fields["form_key"] == page.fields["form_key"]
    assert not register.pledge(reference).contributions


def test_partners_are_named_as_the_register_names_them(register: Register, pledger: Person):
    page = pledger.send(pledger.open("/record/announce"), {"partners.0.organisation": "Nobody Ltd"})
    assert "No active organisation has exactly this name" in page.complaint("partners.0.organisation")
    assert typed_of(page, "partners.0.organisation") == ["Nobody Ltd"]


def test_amounts_that_can_be_read_in_two_ways_are_asked_about(register: Register, pledger: Person):
    reference = register.announced()
    page = pledger.send(pledger.open(f"/pledges/{reference}/scale-up"), {"targets.1.value": "1.500"})
    assert "two ways" in page.complaint("targets.1.value")
    assert len(page.summary) == 1, "and nothing else is wrong with it"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1234.56", "1234.56"),
        ("1 234,5", "1234.5"),
        ("1,234.56", "1234.56"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1\u202f234\u202f567,89", "1234567.89"),
        ("1’234’567", "1234567"),
        ("١٢٣٤٫٥", "1234.5"),
        ("0.125", "0.125"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("ten", "ten"),
        ("1,2,3", "1,2,3"),
    ],
)
def test_amounts_are_read_as_people_write_them(typed: str, meant: str):
    assert plain_decimal(typed) == meant


@pytest.mark.parametrize("typed", ["1.234", "1,234", "12.000", "999,999"])
def test_amounts_with_one_separator_before_three_digits_are_not_guessed(typed: str):
    with pytest.raises(Ambiguous):
        plain_decimal(typed)


def test_rates_are_written_with_a_point():
    assert plain_decimal("1.081", fine=True) == "1.081"
    with pytest.raises(Ambiguous):
        plain_decimal("1,081", fine=True)
