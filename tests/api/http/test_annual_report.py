"""The totals of a published annual report of Partner2Connect come back in every cut.

The figures are those of ITU's "Partner2Connect Annual Report 2023", executive summary and key findings, as of
6 December 2023 (itu.int/itu-d/reports/partner2connect-annual-report-2023): 845 pledges valued at USD 36.78 billion from
408 entities; 470 by governments (USD 9.70 billion) and 144 by the private sector (24.46); 389 programmatic (20.76);
274 implemented in Africa (17.24); 261 targeting at least one least developed country (12.24); 245 by pledgers of
Europe, 174 of Africa, 171 of the Americas; 52 % with women among the beneficiaries.

Only the totals are the report's. The single pledges are made up so that they have them: the report does not list any.
What it gives no figure for ("the rest" below) is the difference to its whole. Its 138 countries are those of the
pledgers; a snapshot counts countries of implementation, so that this figure is not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from infrastructure.bootstrap import Service
from tests.api.http.register import Client, usd
from tests.api.http.signing_in import TheOneWhoMay

PLEDGES, ENTITIES, TEN_MILLIONS = 845, 408, 3678

# By cut: pledges, and tens of millions of dollars.
SECTORS = {"government": (470, 970), "private_sector": (144, 2446), "civil_society": (231, 262)}
TYPES = {"programmatic": (389, 2076), "financial": (456, 1602)}
PLACES = {"TZA": (261, 1224), "KEN": (274 - 261, 1724 - 1224), "BRA": (845 - 274, 3678 - 1724)}
"""Implemented in a least developed country of Africa, elsewhere in Africa, elsewhere."""
HOMES = {"DEU": 245, "KEN": 174, "BRA": 171, "IND": 255}
WOMEN = {True: 439, False: 406}
WORKERS = 8


class Promise(NamedTuple):
    """What is pledged: by whom, where, of which value in tens of millions of dollars."""

    sector: str
    type: str
    place: str
    home: str
    women: bool
    value: int


def dealt(*cuts: Mapping[Any, int]) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Combinations of labels with an amount each, so that the amounts of a label sum to what its cut says."""
    left = [list(cut.items()) for cut in cuts]
    while all(left):
        amount = min(cut[0][1] for cut in left)
        if amount:
            yield tuple(cut[0][0] for cut in left), amount
        for cut in left:
            label, rest = cut[0]
            cut[0] = (label, rest - amount)
            if rest == amount:
                del cut[0]


def portfolio() -> list[Promise]:
    """A few pledges with all of the value, and all others without, in the report's numbers."""
    by_value = [{label: value for label, (_, value) in cut.items()} for cut in (SECTORS, TYPES, PLACES)]
    valued = [Promise._make((*labels, "DEU", False, value)) for labels, value in dealt(*by_value)]
    wanted: list[Mapping[Any, int]] = [{k: n for k, (n, _) in cut.items()} for cut in (SECTORS, TYPES, PLACES)]
    have = [Counter(promise[n] for promise in valued) for n in range(5)]
    left = [{k: n - have[i][k] for k, n in cut.items()} for i, cut in enumerate((*wanted, HOMES, WOMEN))]
    rest = [Promise._make((*labels, 0)) for labels, count in dealt(*left) for _ in range(count)]
    return [*valued, *rest]


def enter(client: Client, promises: list[Promise]) -> None:
    """Register the pledgers, announce the pledges and admit them."""
    leads = _leads(promises)
    with ThreadPoolExecutor(WORKERS) as threads:
        ids = list(threads.map(lambda lead: _register(client, *lead), dict.fromkeys(leads)))
        id_of = dict(zip(dict.fromkeys(leads), ids, strict=True))
        list(threads.map(lambda pair: _admit(client, pair[0], id_of[pair[1]]), zip(promises, leads, strict=True)))


def _leads(promises: list[Promise]) -> list[tuple[str, str, int]]:
    """For each pledge its lead by sector, home and number; as many different ones as there are entities."""
    kinds = [(promise.sector, promise.home) for promise in promises]
    spare, seen, leads = ENTITIES - len(set(kinds)), Counter[tuple[str, str]](), []
    for kind in kinds:
        if kind not in seen or spare:
            spare -= kind in seen
            seen[kind] += 1
            leads.append((*kind, seen[kind]))
        else:
            leads.append((*kind, 1))
    return leads


def _register(client: Client, sector: str, home: str, number: int) -> str:
    return client.register(f"{sector} {home} {number}", sector=sector, country=home)


def _admit(client: Client, promise: Promise, lead: str) -> None:
    value = f"{promise.value * 10_000_000}.00"
    money = [{"id": "money", "measure": "money", "value": usd(value)}] if promise.value else []
    reference = client.announce(
        lead=lead,
        type=promise.type,
        countries=[promise.place],
        beneficiary_groups=["women_and_girls"] if promise.women else [],
        targets=money,
        announced_on="2023-06-01",
    )
    answer = client.on(reference, "validation", {})
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def entered(service: Service, server: str) -> Iterator[Client]:
    """A client of a register that holds the report's portfolio."""
    with Client(base_url=server, auth=TheOneWhoMay(service), timeout=60) as client:
        enter(client, portfolio())
        yield client


def billions(ten_millions: int) -> str:
    """As a snapshot writes it."""
    return f"{ten_millions * 10_000_000}.00"


def parts(client: Client, dimension: str) -> dict[Any, tuple[int, str]]:
    """The pledges and the validated value of each part."""
    document = client.read("/v1/snapshots/status", group_by=dimension)
    return {group["key"][dimension]: (group["pledges"], group["validated_usd"]) for group in document["groups"]}


def test_the_whole_is_the_reports(entered: Client) -> None:
    totals = entered.read("/v1/snapshots/status")["totals"]
    assert (totals["pledges"], totals["organisations"]) == (PLEDGES, ENTITIES)
    assert totals["validated_usd"] == billions(TEN_MILLIONS) == "36780000000.00"
    assert totals["announced_usd"] == "0.00"


@pytest.mark.parametrize(("dimension", "figures"), [("sector", SECTORS), ("type", TYPES)])
def test_each_sector_and_type_is_the_reports(
    entered: Client, dimension: str, figures: dict[str, tuple[int, int]]
) -> None:
    assert parts(entered, dimension) == {code: (count, billions(value)) for code, (count, value) in figures.items()}


def test_what_is_implemented_in_africa_is_the_reports(entered: Client) -> None:
    assert parts(entered, "region")["africa"] == (274, "17240000000.00")


def test_what_targets_least_developed_countries_is_the_reports(entered: Client) -> None:
    assert parts(entered, "target_group")["ldc"] == (261, "12240000000.00")


def test_the_pledgers_regions_are_the_reports_and_not_those_of_implementation(entered: Client) -> None:
    counts = {region: count for region, (count, _) in parts(entered, "pledger_region").items()}
    assert (counts["europe"], counts["africa"], counts["americas"]) == (245, 174, 171)


def test_the_share_that_names_women_is_the_reports(entered: Client) -> None:
    count, _ = parts(entered, "beneficiary_group")["women_and_girls"]
    assert round(Decimal(count) / PLEDGES, 2) == Decimal("0.52")


def test_the_published_snapshot_has_the_same_figures_for_ever(entered: Client) -> None:
    answer = entered.post("/v1/snapshots", json={"title": "Annual report", "group_by": ["sector", "type"]})
    assert answer.status_code == 201, answer.text
    document = entered.get(answer.headers["Location"]).json()

    assert document["totals"]["validated_usd"] == "36780000000.00"
    assert sum(group["pledges"] for group in document["groups"]) == PLEDGES
    assert sum(Decimal(group["validated_usd"]) for group in document["groups"]) == Decimal("36780000000.00")
    assert len(document["pledges"]) == PLEDGES
