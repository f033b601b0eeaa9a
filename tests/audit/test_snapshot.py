"""The status snapshot, from pledges alone."""

import gc
import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import rfc8785
from hypothesis import given as for_all
from hypothesis import strategies as st

from audit.canonical import canonical
from audit.merkle import EMPTY_ROOT
from audit.snapshot import Selection, digest_of, identity_of, snapshot, snapshot_in_parts
from domain.dimensions import Attribution, Dimension
from domain.events import PledgeEvent
from domain.ladder import is_published
from domain.pledge import Pledge, fold
from domain.status import status_of
from domain.vocabulary import Lifecycle, ReportingHealth
from tests.given import announced, declined, given, money, organisation, usd, validated, withdrawn
from tests.lives import histories

ON = date(2026, 6, 1)
OF = Selection(
    position=17, root=EMPTY_ROOT, recorded_at=datetime(2026, 6, 1, 12, tzinfo=UTC), effective_on=ON, rules_version=1
)
LEAD = organisation("Lead")
dimensions = st.lists(st.sampled_from(Dimension), max_size=2, unique=True).map(tuple)


def after(*history: PledgeEvent) -> Pledge:
    """The pledge with this history."""
    pledge = given(*history).pledge
    assert pledge is not None
    return pledge


def named(number: int, pledge: Pledge) -> Pledge:
    """The pledge as one of several."""
    return replace(pledge, id=UUID(int=number), reference=f"P2C-2024-{number:06}")


portfolios = st.lists(histories, max_size=4).map(
    lambda lives: [named(n, pledge) for n, life in enumerate(lives, start=1) if (pledge := fold(None, life))]
)


@for_all(portfolios, dimensions, st.sampled_from(Attribution))
def test_any_portfolio_has_one_canonical_document_with_its_digest(pledges, group_by, attribution):
    selection = replace(OF, group_by=group_by, attribution=attribution)
    document, again = (snapshot(selection, map(status_of, pledges), {LEAD.id: LEAD}) for _ in range(2))

    assert canonical(document) == rfc8785.dumps(document) == canonical(again)
    digest, parts = snapshot_in_parts(selection, map(status_of, pledges), {LEAD.id: LEAD})
    assert (digest, b"".join(parts)) == (document["digest"], canonical(document))
    rest = {name: value for name, value in document.items() if name != "digest"}
    assert document["digest"] == f"sha256:{hashlib.sha256(rfc8785.dumps(rest)).hexdigest()}" == digest_of(document)
    identity = identity_of(document)
    assert (identity.position, identity.effective_on, identity.digest) == (17, ON, document["digest"])
    assert (identity.group_by, identity.attribution) == (group_by, attribution)


@for_all(portfolios, st.sampled_from(Dimension))
def test_the_totals_are_the_sums_of_what_is_listed_and_divided_groups_sum_to_them(pledges, dimension):
    selection = replace(OF, group_by=(dimension,), attribution=Attribution.SPLIT)
    document = snapshot(selection, map(status_of, pledges), {})
    totals, rows, groups = document["totals"], document["pledges"], document["groups"]

    assert [row["reference"] for row in rows] == [p.reference for p in pledges if is_published(p)]
    for rung in ("validated_usd", "delivered_usd", "verified_usd"):
        assert Decimal(totals[rung]) == sum(Decimal(row[rung]) for row in rows)
        assert Decimal(totals[rung]) == sum(Decimal(group[rung]) for group in groups)
    assert totals["pledges"] == len([row for row in rows if row["lifecycle"] != Lifecycle.WITHDRAWN])
    assert sum(totals["lifecycle"].values()) == len(pledges)
    assert sum(totals["reporting"].values()) == totals["pledges"]


def test_what_was_only_announced_or_declined_is_counted_and_not_named():
    first = after(announced(money(usd("5.00"))))
    second = after(announced(money(usd("7.00"))), declined())
    document = snapshot(OF, [status_of(named(1, first)), status_of(named(2, second))], {})

    assert document["pledges"] == []
    assert document["totals"]["announced_usd"] == "5.00"
    assert (document["totals"]["lifecycle"]["announced"], document["totals"]["lifecycle"]["declined"]) == (1, 1)


def test_a_withdrawn_pledge_stays_listed_and_counts_no_longer():
    pledge = after(announced(money(usd("5.00"))), validated(), withdrawn())
    document = snapshot(OF, [status_of(pledge)], {})

    assert [row["lifecycle"] for row in document["pledges"]] == ["withdrawn"]
    assert (document["totals"]["pledges"], document["totals"]["validated_usd"]) == (0, "0.00")


def test_an_empty_register_has_every_code_with_nothing_and_no_rate():
    document = snapshot(replace(OF, position=0, recorded_at=None), [], {})

    assert document["as_of"] is None
    assert document["totals"]["lifecycle"] == dict.fromkeys(Lifecycle, 0)
    assert document["totals"]["reporting"] == dict.fromkeys(ReportingHealth, 0)
    assert (document["totals"]["reported"], document["totals"]["pledges"]) == (0, 0)
    assert document["totals"]["response_rate"] is None
    assert document["totals"]["validated_usd"] == "0.00"


def test_a_snapshot_larger_than_what_memory_holds_of_it_has_the_same_bytes_in_small_parts(monkeypatch):
    monkeypatch.setattr("audit.snapshot._SHELF_IN_MEMORY", 100)
    monkeypatch.setattr("audit.snapshot._BYTES_AT_ONCE", 64)
    pledges = [status_of(named(n, after(announced(money(usd("5.00"))), validated()))) for n in (1, 2)]

    digest, parts = snapshot_in_parts(OF, iter(pledges), {LEAD.id: LEAD})

    document = snapshot(OF, pledges, {LEAD.id: LEAD})
    first, *others = parts
    assert first.endswith(b'"pledges":[')
    assert max(map(len, others[:-1])) == 64
    assert (digest, first + b"".join(others)) == (document["digest"], canonical(document))


def test_who_wants_no_part_of_a_snapshot_leaves_no_file_open(monkeypatch, recwarn):
    monkeypatch.setattr("audit.snapshot._SHELF_IN_MEMORY", 1)

    snapshot_in_parts(OF, [status_of(named(1, after(announced(), validated())))], {LEAD.id: LEAD})
    gc.collect()

    assert not recwarn.list
