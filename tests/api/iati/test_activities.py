"""Pledges as IATI activities: whatever happened to them, the document is in order and the figures are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as examples
from lxml import etree

from api.iati.activities import Reported
from api.iati.document import document
from domain.events import PledgeEvent
from domain.pledge import fold
from tests.given import (
    ANNOUNCED_ON,
    announced,
    contributed,
    contribution,
    declined,
    fulfilled,
    given,
    money,
    schools,
    usd,
    validated,
    withdrawn,
)
from tests.lives import histories

GRAMMAR = Path(__file__).parents[2] / "data" / "iati" / "activities.rng"
ON = date(2026, 6, 30)
AS_OF = datetime(2026, 7, 1, tzinfo=UTC)


@cache
def grammar() -> etree.RelaxNG:
    """What we emit of the standard."""
    return etree.RelaxNG(etree.parse(str(GRAMMAR)))


def exported(*lives: Sequence[PledgeEvent]) -> etree._Element:
    """The document of these pledges."""
    found = (fold(None, life) for life in lives)
    reported = [
        Reported(pledge=p, organisations={}, recorded_at=AS_OF, on=ON, vocabulary_uri="https://example.org/codes")
        for p in found
        if p
    ]
    return etree.fromstring(b"".join(document(reported, as_of=AS_OF)))


def activity(*history: PledgeEvent) -> etree._Element:
    """The activity of one pledge with this history."""
    root = exported(given(*history).history)
    grammar().assertValid(root)
    return root[0]


def texts(element: etree._Element, path: str) -> list[str]:
    """What a path finds, as text."""
    found = element.xpath(path)
    assert isinstance(found, list)
    return [str(text) for text in found]


@examples(histories)
def test_every_life_makes_a_document_in_order(history: list[PledgeEvent]):
    grammar().assertValid(exported(history))


@pytest.mark.parametrize("broken", ["iati-identifier", "activity-date", "sector", "transaction/value", "result/title"])
def test_a_document_that_lacks_something_is_noticed(broken: str):
    root = exported(given(announced(money(usd(10)))).history)
    grammar().assertValid(root)
    for element in root[0].findall(broken):
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)
    assert not grammar().validate(root)


a_thousand = announced(money(usd(1000)), schools(10))
paid = contributed(contribution("c1", usd("250.50"), target="money"), contribution("c2", 3))


@pytest.mark.parametrize(
    ("history", "status", "transactions"),
    [
        ([a_thousand], "1", [("12", "1000")]),
        ([a_thousand, declined()], "5", []),
        ([a_thousand, validated()], "2", [("2", "1000")]),
        ([a_thousand, validated(), paid], "2", [("2", "1000"), ("3", "250.50")]),
        ([a_thousand, validated(), paid, withdrawn()], "5", [("2", "1000"), ("2", "-749.50"), ("3", "250.50")]),
        ([announced(), validated(), fulfilled()], "4", []),
    ],
)
def test_a_promise_is_a_pledge_then_a_commitment_and_what_was_delivered_a_disbursement(
    history: list[PledgeEvent], status: str, transactions: list[tuple[str, str]]
):
    found = activity(*history)
    assert texts(found, "activity-status/@code") == [status]
    kinds, values = texts(found, "transaction/transaction-type/@code"), texts(found, "transaction/value/text()")
    assert list(zip(kinds, values, strict=True)) == transactions


def test_targets_are_results_with_what_was_promised_and_what_is_there():
    found = activity(announced(schools(100, baseline=Decimal(20))), validated(), contributed(contribution("c1", 30)))
    assert texts(found, "result/indicator/baseline/@value") == ["20"]
    assert texts(found, "result/indicator/period/target/@value") == ["100"]
    assert texts(found, "result/indicator/period/actual/@value") == ["50"]


def test_countries_share_exactly_a_hundred_percent():
    found = activity(announced(countries=("BGD", "KEN", "SEN")))
    shares = texts(found, "recipient-country/@percentage")
    assert shares == ["33.34", "33.33", "33.33"]
    assert texts(found, "recipient-country/@code") == ["BD", "KE", "SN"]


def test_goals_and_our_own_codes_are_told_apart():
    found = activity(announced(sdgs=(4, 9), wsis_lines=("C2",)))
    assert texts(found, "tag[@vocabulary='2']/@code") == ["4", "9"]
    assert "C2" in texts(found, "tag[@vocabulary='99']/@code")
    assert texts(found, "sector/@vocabulary") == ["99"]


@pytest.mark.parametrize("title", ["<script>&amp;", "\ufffe and \uffff", "Школы 学校 مدارس", "a\u2028b"])
def test_any_title_can_be_exported(title: str):
    more: dict[str, Any] = {"title": title}
    [told] = texts(activity(announced(**more)), "title/narrative/text()")
    assert told == title.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def test_the_same_pledges_make_the_same_bytes():
    history = given(a_thousand, validated(), paid).history
    assert etree.tostring(exported(history)) == etree.tostring(exported(history))
    assert exported().get("generated-datetime") == "2026-07-01T00:00:00.000000Z"
    assert texts(exported(history), "iati-activity/activity-date[@type='1']/@iso-date") == [ANNOUNCED_ON.isoformat()]
