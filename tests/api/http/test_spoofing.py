"""What somebody writes stays where it stands: on its line, in its order, in its place. No text passes for another.

`test_escaping.py` looks at the forms of output one by one; this is about texts that would only look like something
else: a second line, a second header, words in another order, a command to a terminal.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from lxml import etree
from typer.testing import CliRunner, Result

from api.cli.main import app as command_line
from audit.bundle import Manifest, Noticed
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from infrastructure.telemetry import log_to_standard_error
from tests.api.http.register import Client, days_ago
from tests.api.http.signing_in import TheOneWhoMay

# Commands that are run here write to a stream that is closed after them.
pytestmark = pytest.mark.usefixtures("own_logs")

FORGED = "version 99  position 99  pledge.withdrawn.v1"
TITLE = f"Connect schools\n{FORGED}\r\nBcc: everybody@example.org\t:warning: [red]loud[/] \\"
ON_ONE_LINE = re.sub(r"[\r\n\t]+", " ", TITLE)

CLEARED = "\x1b[2J\x1b[H\x9b2JIt holds: every entry is the one that was signed, in its place."
"""What would wipe a terminal and write something else."""

COMMANDS_OF_TERMINALS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture(scope="module")
def service(signing_service: Service) -> Service:
    """A service that signs, so that there are bundles."""
    return signing_service


@pytest.fixture(scope="module")
def pledger(server: str, service: Service) -> Iterator[Client]:
    """A client that asks at addresses beside the described ones too."""
    with Client(base_url=server, auth=TheOneWhoMay(service), timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def reference(pledger: Client, service: Service) -> str:
    """A pledge on which a report is owed, by a lead with the same words for a name."""
    reference = pledger.announce(lead=pledger.register(TITLE), title=TITLE)
    assert pledger.on(reference, "validation", {}).status_code == 201
    service.credentials.issue(Role.AUDITOR, note=TITLE)
    service.projections.wait_until(service.ledger.position, 20)
    service.signer.sign()
    return reference


def typed(conninfo: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """A command on a terminal that is wide enough."""
    for name, value in {"P2C_DATABASE_URL": conninfo, "COLUMNS": "20000"}.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(command_line, arguments)


@pytest.mark.parametrize("character", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_text_that_shows_its_words_in_another_order_is_refused(anybody: Client, token: str, character: str) -> None:
    body = {"name": f"Aid{character}live", "sector": "other"}
    answer = anybody.post("/v1/organisations", json=body, headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
    [error] = answer.json()["errors"]
    assert error["field"] == "/name"
    assert f"U+{ord(character):04X}, which changes the order in which words are shown" in error["detail"]


@pytest.mark.parametrize("name", ["הילה\u200f (RTL)", "می\u200cخواهم", "👩\u200d🌾", "א\u200eA", "ا\u061cA"])
def test_marks_that_languages_need_are_kept(anybody: Client, token: str, name: str) -> None:
    body = {"name": name, "sector": "other"}
    answer = anybody.post("/v1/organisations", json=body, headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()["organisation"]["name"]) == (201, name)


@pytest.mark.parametrize("website", ["javascript:alert(1)", "ftp://example.org", "https://example.org/\nx", "https://"])
def test_a_website_is_an_address_of_the_web(anybody: Client, token: str, website: str) -> None:
    body = {"name": "A", "sector": "other", "website": website}
    answer = anybody.post("/v1/organisations", json=body, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "/website", "detail": "The text is not an http or https address."}]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("replay", "{reference}"), ON_ONE_LINE),
        (("obligations", "--effective-on", days_ago(-900)), "Connect schools"),
        (("token", "list"), "Connect schools"),
        (("snapshot", "--group-by", "organisation"), ""),
        (("diff", "0"), ""),
    ],
)
def test_on_a_terminal_a_text_stays_on_its_line(
    conninfo: str, reference: str, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], shown: str
) -> None:
    answer = typed(conninfo, monkeypatch, *(part.format(reference=reference) for part in command))

    assert answer.exit_code == 0, answer.output
    assert not COMMANDS_OF_TERMINALS.search(answer.stdout)
    assert [line for line in answer.stdout.splitlines() if line.strip().startswith(FORGED)] == []
    assert shown in answer.stdout


def test_a_reminder_has_one_subject_and_its_text_no_other(pledger: Client, reference: str) -> None:
    answer = pledger.get("/v1/reports/obligations.csv", params={"effective_on": days_ago(-900)})
    [owed] = csv.DictReader(io.StringIO(answer.text, newline=""))

    assert owed["mail_subject"] == f"Progress report due: {reference} {ON_ONE_LINE}"
    assert owed["mail_text"].startswith(f"{ON_ONE_LINE} leads the Partner2Connect pledge {reference}, “{ON_ONE_LINE}”.")


def test_a_bundle_commands_no_terminal_of_those_who_verify_it(
    service: Service, reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conninfo: str
) -> None:
    with (tmp_path / "honest.zip").open("wb") as file:
        service.bundles.write(file)
    with (
        zipfile.ZipFile(tmp_path / "honest.zip") as honest,
        zipfile.ZipFile(tmp_path / "forged.zip", "w") as forged,
    ):
        for name in honest.namelist():
            content = honest.read(name)
            if name == "manifest.json":
                manifest = msgspec.json.decode(content, type=Manifest)
                noticed = (Noticed(position=1, problem=CLEARED),)
                content = bytes(msgspec.structs.replace(manifest, noticed=noticed))
            forged.writestr(name, content)
    answer = typed(conninfo, monkeypatch, "verify", str(tmp_path / "forged.zip"))

    assert answer.exit_code == 1
    assert r"\u001b[2J\u001b[H\u009b2JIt holds" in answer.stdout
    assert not COMMANDS_OF_TERMINALS.search(answer.stdout)


@pytest.mark.parametrize("sent", ["%0d%0aSet-Cookie:%20a=b", "%3Cscript%3Ealert(1)%3C/script%3E", "%1b%5B2J"])
def test_what_was_sent_comes_back_as_json_and_in_no_header(pledger: Client, sent: str) -> None:
    for address in (f"/v1/pledges/{sent}", f"/problems/{sent}", f"/v1/nothing/{sent}", f"/v1/pledges?cursor={sent}"):
        answer = pledger.get(address, headers={"Accept": "text/html"})
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
        assert answer.json()["detail"]


@pytest.mark.parametrize("as_json", [True, False])
def test_a_request_is_one_line_in_the_log_whatever_it_says(
    pledger: Client, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    log_to_standard_error("info", json=as_json)
    pledger.get("/v1/nothing/%0aerror%20forged%1b%5B2J", headers={"X-Request-Id": "a b", "User-Agent": "a\tforged=1"})
    lines = [line for line in capsys.readouterr().err.splitlines() if "HTTP Request" not in line]  # the client's own
    written = [line for line in lines if "nothing" in line or "forged" in line]

    assert len(written) == 1
    assert not COMMANDS_OF_TERMINALS.search(written[0])


def test_drawings_in_pages_are_well_formed_and_draw_only(pledger: Client, reference: str) -> None:
    page = pledger.get("/v1/reports/progress.html", params={"from": days_ago(500), "to": days_ago(0)}).text
    drawings = [etree.fromstring(drawing.encode()) for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]

    assert drawings
    kinds = {etree.QName(element).localname for drawing in drawings for element in drawing.iter("{*}*")}
    assert not kinds & {"script", "foreignObject", "image", "use", "a"}
