"""Status snapshots: one moment, one document, in every form."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any
from uuid import UUID

import openpyxl
import pytest
import rfc8785

from audit.snapshot import RULES_VERSION, Selection, snapshot
from domain import organisation, pledge
from domain.dimensions import Dimension
from domain.events import OrganisationEvent, PledgeEvent
from domain.status import status_of
from infrastructure.bootstrap import Service
from tests.api.http.register import TODAY, Client, days_ago, usd


def admitted(client: Client, **more: object) -> tuple[str, int]:
    """A pledge that BDT admitted, and the position of that."""
    reference = client.announce(**more)
    answer = client.on(reference, "validation", {})
    return reference, int(answer.headers["Ledger-Position"])


def test_the_same_moment_has_the_same_bytes_before_and_after_a_correction_and_a_rebuild(
    client: Client, public: Client, service: Service
) -> None:
    reference, _ = admitted(client)
    contribution = {"id": "c1", "target": "schools", "quantity": "7", "effective_on": days_ago(9)}
    recorded = client.on(reference, "contributions", {"contributions": [contribution]})
    asked = {"as_of": recorded.headers["Ledger-Position"], "effective_on": days_ago(1), "group_by": "focus_area,sdg"}
    first = public.get("/v1/snapshots/status", params=asked)
    corrected = client.on(reference, "contributions/c1/correction", {"reason": "A slip."})
    assert corrected.status_code == 201
    after_correction = public.get("/v1/snapshots/status", params=asked)
    for name in ("pledge_status", "organisations"):
        service.projections.rebuild(name, lambda done, total: None)
    after_rebuild = public.get("/v1/snapshots/status", params=asked)

    assert first.status_code == 200, first.text
    assert first.content == after_correction.content == after_rebuild.content
    now = public.get("/v1/snapshots/status", params={"as_of": corrected.headers["Ledger-Position"]})
    assert now.content != first.content


def test_the_digest_is_that_of_the_canonical_document_without_it(public: Client, client: Client) -> None:
    admitted(client)
    answer = public.get("/v1/snapshots/status")
    document = json.loads(answer.content)
    assert answer.content == rfc8785.dumps(document)
    digest = document.pop("digest")
    assert digest == f"sha256:{hashlib.sha256(rfc8785.dumps(document)).hexdigest()}"


def test_a_snapshot_is_what_the_facts_alone_make_it(client: Client, service: Service) -> None:
    _, position = admitted(client, countries=["BGD", "KEN"], sdgs=[4, 9])
    asked = {"as_of": position, "effective_on": days_ago(2), "group_by": "country"}
    document = client.read("/v1/snapshots/status", position, **asked)

    at = service.register.resolve(position, None)
    on = TODAY.fromisoformat(days_ago(2))
    entries = [entry for entry in service.register.entries(position) if entry.event.effective_on <= on]
    pledges: dict[UUID, pledge.Pledge | None] = {}
    organisations: dict[UUID, organisation.Organisation | None] = {}
    for entry in entries:
        id = entry.event.originator_id
        if isinstance(entry.event, PledgeEvent):
            pledges[id] = pledge.evolve(pledges.get(id), entry.event)
        elif isinstance(entry.event, OrganisationEvent):
            organisations[id] = organisation.evolve(organisations.get(id), entry.event)
    selection = Selection(
        position=position,
        root=service.transparency.root(position),
        recorded_at=at.recorded_at,
        effective_on=on,
        rules_version=RULES_VERSION,
        group_by=(Dimension.COUNTRY,),
    )
    known = sorted((p for p in pledges.values() if p), key=lambda p: p.reference)
    assert document == snapshot(selection, map(status_of, known), {id: o for id, o in organisations.items() if o})


def test_what_was_not_admitted_is_counted_beside_and_not_named(client: Client, public: Client) -> None:
    reference = client.announce(title="Not admitted yet")
    position = client.read(f"/v1/pledges/{reference}")["position"]
    document = public.read("/v1/snapshots/status", position, as_of=position)
    assert reference not in [status["reference"] for status in document["pledges"]]
    assert document["totals"]["lifecycle"]["announced"] >= 1
    assert document["totals"]["announced_usd"] != "0.00"


def test_divided_value_sums_to_the_unique_total_and_full_value_exceeds_it(client: Client, public: Client) -> None:
    lead = client.register("Divider")
    money = [{"id": "money", "measure": "money", "value": usd("100.00")}]
    _, position = admitted(client, lead=lead, countries=["SEN", "MLI", "GIN"], targets=money)

    def by_country(attribution: str) -> dict[str, str]:
        document = public.read(
            "/v1/snapshots/status",
            position,
            as_of=position,
            group_by=["organisation", "country"],
            attribution=attribution,
        )
        groups = [group for group in document["groups"] if group["key"]["organisation"] == lead]
        return {group["key"]["country"]: group["validated_usd"] for group in groups}

    assert by_country("full") == {"GIN": "100.00", "MLI": "100.00", "SEN": "100.00"}
    assert by_country("split") == {"GIN": "33.34", "MLI": "33.33", "SEN": "33.33"}


def test_csv_has_a_line_for_each_pledge_and_no_formula(client: Client, public: Client) -> None:
    reference, position = admitted(client, title='=HYPERLINK("https://example.org","win")')
    answers = [
        public.get("/v1/snapshots/status.csv", params={"as_of": position}),
        public.get("/v1/snapshots/status", params={"as_of": position}, headers={"Accept": "text/csv;q=0.9, */*;q=0.1"}),
    ]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["Content-Type"].startswith("text/csv")
    [line] = [row for row in csv.DictReader(io.StringIO(answers[0].text)) if row["reference"] == reference]
    assert line["title"] == '\'=HYPERLINK("https://example.org","win")'
    assert (line["validated_usd"], line["lifecycle"]) == ("1000000.00", "validated")


def test_a_workbook_says_what_it_is_of_and_has_numbers_as_numbers(client: Client, public: Client) -> None:
    reference, position = admitted(client, title="=1+1")
    asked: dict[str, Any] = {"as_of": position, "group_by": "type"}
    answer = public.get("/v1/snapshots/status.xlsx", params=asked)
    again = public.get("/v1/snapshots/status.xlsx", params=asked)
    document = public.read("/v1/snapshots/status", **asked)

    assert answer.content == again.content
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["Cover", "Totals", "Groups", "Pledges"]
    cover = {row[0].value: row[1].value for row in book["Cover"].iter_rows(min_row=3)}
    assert (cover["Position in the ledger"], cover["Digest"]) == (position, document["digest"])
    header, *lines = book["Pledges"].iter_rows()
    names = [cell.value for cell in header]
    [line] = [row for row in lines if row[0].value == reference]
    cells = dict(zip(names, line, strict=True))
    assert (cells["title"].value, cells["title"].data_type) == ("=1+1", "s")
    assert (cells["validated_usd"].value, cells["validated_usd"].data_type) == (1_000_000, "n")
    assert cells["announced_on"].number_format == "yyyy-mm-dd"


@pytest.mark.parametrize(
    ("parameters", "headers", "status", "name"),
    [
        ({"group_by": "colour"}, {}, 422, "invalid-request"),
        ({"attribution": "half"}, {}, 422, "invalid-request"),
        ({"group_by": "sdg,type,year,region,country"}, {}, 422, "invalid-request"),
        ({}, {"Accept": "image/png"}, 406, "not-acceptable"),
        ({"as_of": "99999999"}, {}, 422, "position-beyond-ledger"),
    ],
)
def test_what_cannot_be_taken_is_refused(
    public: Client, parameters: dict[str, str], headers: dict[str, str], status: int, name: str
) -> None:
    answer = public.get("/v1/snapshots/status", params=parameters, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{name}")
