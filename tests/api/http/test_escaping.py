"""What people write comes out of every form as the text that it is: it runs nothing, and breaks nothing around it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from lxml import etree, html
from openpyxl import load_workbook
from pypdf import PdfReader

from infrastructure.bootstrap import Service
from tests.api.http.register import Client, days_ago
from tests.api.http.signing_in import TheOneWhoMay
from tests.service_process import p2c

MARK = "Zyzzyva"
"""Stands in every hostile text, so that each is found again."""

HOSTILE = {
    "html": f"{MARK}<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": f"{MARK}\" onmouseover=\"alert(1)' style='x:expression(1)",
    "formula": f'=HYPERLINK("https://evil.example","{MARK}")',
    "command": f"+cmd|' /C calc'!A0 {MARK}",
    "at": f"@SUM(1+1)*{MARK}",
    "xml": f"{MARK}]]></title><x>&amp;&evil;<!-- -->",
    "typst": f'#import "x.typ": y; $ {MARK} $ #sys.version `raw` *bold* _it_ \\ <label>',
    "csv": f'{MARK},"quoted""twice",; and\na second line\twith a tab',
    "rich": f"[red]{MARK}[/red] [link=https://evil.example]here[/link] [/] :smile:",
    "template": "{{ 7*7 }} {% raw %} ${7*7} " + MARK,
}
"""What does harm in one form or another; all of it can be kept, since people may write about such things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A register in which every text is hostile, and where it is."""

    client: Client
    conninfo: str
    references: dict[str, str]

    @property
    def period(self) -> dict[str, str]:
        return {"from": days_ago(500), "to": days_ago(0)}


@pytest.fixture
def client(server: str, service: Service) -> Iterator[Client]:
    """A client that asks at addresses beside the described ones too."""
    with Client(base_url=server, auth=TheOneWhoMay(service), timeout=60) as client:
        yield client


@pytest.fixture
def told(client: Client, conninfo: str, service: Service) -> Told:
    known = {item["title"]: item["reference"] for item in client.read("/v1/pledges", limit=200)["items"]}
    references = {name: known.get(text) or tell(client, text) for name, text in HOSTILE.items()}
    client.read("/v1/pledges", service.ledger.position)
    return Told(client=client, conninfo=conninfo, references=references)


def tell(client: Client, text: str) -> str:
    """Everything that can be said of a pledge, said in this text."""
    reference = client.announce(lead=client.register(text), title=text, description=text, occasion=text)
    evidence = [{"url": "https://example.org/?q=" + re.sub(r"\s", "+", text), "title": text}]
    delivered = {"target": "schools", "quantity": "1", "effective_on": days_ago(90), "description": text}
    said = [
        client.on(reference, "validation", {"note": text}),
        client.on(reference, "contributions", {"contributions": [{**delivered, "evidence": evidence}]}),
        client.on(
            reference,
            "reports",
            {
                "period_start": days_ago(90),
                "period_end": days_ago(80),
                "narrative": text,
                "self_assessment": "delayed",
                "challenges": text,
                "next_steps": text,
                "good_practices": [{"title": text, "text": text}],
            },
        ),
        client.on(reference, "amendments", {"reason": text, "occasion": "Another"}),
    ]
    assert [answer.status_code for answer in said] == [201] * 4, [answer.text for answer in said]
    return reference


def test_json_has_it_to_the_letter(told: Told) -> None:
    for name, reference in told.references.items():
        pledge = told.client.read(f"/v1/pledges/{reference}")
        assert (pledge["title"], pledge["lead"]["name"]) == (HOSTILE[name],) * 2
        history = told.client.read(f"/v1/pledges/{reference}/history")
        assert json.dumps(history).count(MARK) >= 10
    stories = {story["text"] for story in told.client.read("/v1/good-practices", limit=200)["items"]}
    assert stories == set(HOSTILE.values())


@pytest.mark.parametrize(
    ("address", "parameters"),
    [
        ("/v1/snapshots/status.csv", {}),
        ("/v1/snapshots/difference.csv", {"from": "0"}),
        ("/v1/reports/obligations.csv", {"effective_on": days_ago(-900)}),
        ("/v1/snapshots/totals.csv", {"group_by": "organisation"}),
    ],
)
def test_no_cell_of_a_csv_file_is_a_formula(told: Told, address: str, parameters: dict[str, str]) -> None:
    answer = told.client.get(address, params=parameters)
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), strict=True))

    assert answer.status_code == 200
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    for cell in (cell for row in rows[1:] for cell in row):
        assert not cell.startswith(("=", "@", "\t", "\r")), cell
        assert not cell.startswith(("+", "-")) or re.fullmatch(r"[+-][0-9.]+", cell), cell
    if "totals" not in address and "difference" not in address:
        told_again = {cell.removeprefix("'") for row in rows for cell in row}
        assert all(any(text in cell for cell in told_again) for text in HOSTILE.values())


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(told: Told) -> None:
    book = load_workbook(io.BytesIO(told.client.get("/v1/snapshots/status.xlsx").content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]

    assert [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink] == []
    assert set(HOSTILE.values()) <= {cell.value for cell in cells}


def test_a_page_shows_it_as_text(told: Told) -> None:
    answer = told.client.get("/v1/reports/progress.html", params=told.period)
    page = html.document_fromstring(answer.text)

    assert page.xpath("//script | //img | //@onmouseover | //@onerror | //x | //a[starts-with(@href, 'http')]") == []
    shown = " ".join("".join(map(str, page.itertext())).split())
    assert all(" ".join(text.split()) in shown for text in HOSTILE.values())


def test_a_pdf_shows_it_as_text(told: Told) -> None:
    content = told.client.get("/v1/reports/progress.pdf", params=told.period).content
    document = PdfReader(io.BytesIO(content))
    shown = re.sub(r"\s", "", "".join(page.extract_text() for page in document.pages))

    assert shown.count(MARK) >= len(HOSTILE)
    for telling in ("#sys.version", "*bold*", "<script>alert(1)</script>", "{{7*7}}", "[red]"):
        assert telling in shown, telling


def test_iati_has_it_as_text(told: Told) -> None:
    document = etree.fromstring(told.client.get("/v1/iati/activities.xml").content)
    titles = {title.text for title in document.findall(".//iati-activity/title/narrative")}

    assert titles == set(HOSTILE.values())
    assert document.findall(".//x") == []


def test_entries_have_it_to_the_letter(told: Told) -> None:
    lines = told.client.get("/v1/ledger/entries").content.splitlines()
    titles = {json.loads(line)["data"].get("title") for line in lines}

    assert set(HOSTILE.values()) <= titles


@pytest.mark.parametrize(
    "command",
    [("replay", "{reference}"), ("diff", "0"), ("snapshot",), ("obligations", "--effective-on", days_ago(-900))],
)
def test_a_terminal_shows_it_as_text(told: Told, command: tuple[str, ...]) -> None:
    reference = told.references["rich"]
    arguments = [word.format(reference=reference) for word in command]
    answer = p2c(*arguments, database_url=told.conninfo, data_dir="/nonexistent")

    assert answer.returncode == 0, answer.stderr
    assert "\x1b" not in answer.stdout
    if command[0] in {"replay", "obligations"}:
        assert f"[red]{MARK}" in answer.stdout
        assert "[link=https://evil.example]" in re.sub(r"\s", "", answer.stdout)


def test_nor_does_a_terminal_obey_the_note_of_a_token(told: Told) -> None:
    note = f"[red]{MARK}[/red]"
    assert p2c("token", "issue", "--role", "bdt", "--note", note, database_url=told.conninfo).returncode == 0

    assert note in p2c("token", "list", database_url=told.conninfo).stdout


def test_no_header_of_an_answer_is_made_of_it(told: Told) -> None:
    for address in ("/v1/snapshots/status.csv", "/v1/snapshots/status.xlsx", "/v1/reports/progress.pdf"):
        answer = told.client.get(address, params=told.period if "progress" in address else {})
        assert MARK not in str(answer.headers)
