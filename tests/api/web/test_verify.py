"""Checking the ledger on pages: they show what the interface gives, and to nobody what is not theirs to see."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from audit.checkpoint import SignedCheckpoint
from audit.merkle import Frontier, leaf_hash, node_hash, require_inclusion
from audit.signed_note import in_base64, parse_keys
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.web.pages import Visitor
from tests.api.web.signed_ledger import PLEDGE, SECRET, WAITING, grow, nothing_signed, signed_ledger, signed_up_to_now

EVENT = f"/pledges/{PLEDGE}/events/2"
LEDGER = "/v1/ledger"


pytestmark = pytest.mark.usefixtures("checkpoint")
"""What is there is signed before anybody looks at it, in whatever order the tests are run."""


@pytest.fixture(scope="module")
def service(conninfo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that signs a ledger of a few hundred entries."""
    with signed_ledger(conninfo, tmp_path_factory.mktemp("keys")) as service:
        yield service


@pytest.fixture
def checkpoint(server: str, service: Service) -> SignedCheckpoint:
    """The checkpoint that has everything."""
    assert server
    return signed_up_to_now(service)


@pytest.fixture
def auditor(server: str, service: Service) -> Iterator[Visitor]:
    """An auditor who has signed in."""
    secret = service.sessions.open_with_token(service.credentials.issue(Role.AUDITOR)[1])
    assert secret
    with Visitor(base_url=server, timeout=30, cookies={"p2c-session": secret}) as visitor:
        yield visitor


@pytest.mark.usefixtures("checkpoint")
def test_the_page_shows_the_checkpoint_as_it_was_signed_with_the_keys(visitor: Visitor) -> None:
    page = visitor.page("/verify")
    note, key = visitor.get(f"{LEDGER}/checkpoint").text, visitor.get(f"{LEDGER}/keys").text.strip()

    assert page.all("//pre[@aria-labelledby='checkpoint']")[0].text_content() == note
    told = SignedCheckpoint.parse(note.encode()).checkpoint
    for said in (told.origin, str(told.size), in_base64(told.root), key, "by the ledger's own key", "No witness"):
        assert said in page.text
    assert f"signed up to position {told.size}, which is all of it" in page.text


def test_it_is_there_as_data(visitor: Visitor, checkpoint: SignedCheckpoint) -> None:
    document = visitor.get("/verify.json").json()
    header, latest, *_ = csv.reader(visitor.get("/verify.csv").text.splitlines())

    assert document["signing"] == "up_to_now"
    assert document["checkpoint"]["note"] == bytes(checkpoint).decode()
    assert document["keys"] == visitor.get(f"{LEDGER}/keys").text.split()
    assert header == ["size", "root", "signed_at", "origin"]
    # One root in 64 begins with a plus, and is no formula for the apostrophe before it.
    assert latest[1].removeprefix("'") == in_base64(checkpoint.checkpoint.root)
    assert latest[0] == str(checkpoint.checkpoint.size)


@pytest.mark.usefixtures("checkpoint")
def test_at_an_earlier_moment_it_shows_the_first_checkpoint_that_has_all_of_it(visitor: Visitor) -> None:
    sizes = [item["size"] for item in visitor.get(f"{LEDGER}/checkpoints").json()["items"]]
    found = visitor.get("/verify.json", params={"as_of": 5}).json()

    assert found["checkpoint"]["size"] == min(size for size in sizes if size >= 5)
    assert "What the register knew at position 5 is signed." in visitor.page("/verify?as_of=5").text


def test_a_ledger_that_waits_to_be_signed_says_so(visitor: Visitor, service: Service) -> None:
    signed_up_to_now(service)
    with nothing_signed(service):
        grow(service)
        page = visitor.page("/verify")
        document = visitor.get("/verify.json").json()
    signed_up_to_now(service)

    assert "1 entry waits to be signed" in page.text
    assert (document["signing"], document["unsigned"]) == ("waiting", 1)


@pytest.mark.usefixtures("checkpoint")
def test_an_event_shows_its_bytes_and_a_proof_that_holds(visitor: Visitor) -> None:
    page, found = visitor.page(EVENT), visitor.get(f"{EVENT}.json").json()
    position = found["event"]["position"]
    entry = visitor.get(f"{LEDGER}/entries/{position}").content
    proof = found["proof"]
    told = SignedCheckpoint.parse(proof["checkpoint"]["note"].encode()).checkpoint
    hashes = page.all("//td[@data-label='Hash']/code/text()")

    assert page.all("//pre[@class='exact']")[0].text_content().encode() == entry
    assert b64decode(found["entry"]) == visitor.get(f"{EVENT}/entry.json").content == entry
    assert found["leaf_hash"] == proof["leaf_hash"] == in_base64(leaf_hash(entry))
    assert found["leaf_hash"] in page.text
    assert leaf_hash(entry).hex() in page.text
    assert hashes == proof["hashes"]
    require_inclusion(leaf_hash(entry), position - 1, told.size, [b64decode(hash) for hash in hashes], told.root)
    assert page.all("//pre[@aria-labelledby='checkpoint']")[0].text_content() == proof["checkpoint"]["note"]
    assert "Admitted to the public register by BDT" in page.text
    assert in_base64(told.root) in page.text


@pytest.mark.usefixtures("checkpoint")
def test_the_sides_that_it_shows_lead_to_the_root(visitor: Visitor) -> None:
    page = visitor.page(EVENT)
    [reached] = page.all("//section[@aria-labelledby='proof']//dd/code[1]/text()")[:1]
    node = b64decode(reached)
    for side, hash in zip(
        page.all("//td[@data-label='Side of this hash']/text()"),
        page.all("//td[@data-label='Hash']/code/text()"),
        strict=True,
    ):
        pair = (b64decode(hash), node) if side == "left" else (node, b64decode(hash))
        node = node_hash(*pair)

    assert in_base64(node) == visitor.get(f"{EVENT}.json").json()["proof"]["checkpoint"]["root"]


@pytest.mark.skipif(not shutil.which("openssl") or not shutil.which("curl"), reason="curl or openssl is not here")
@pytest.mark.usefixtures("checkpoint")
def test_the_commands_that_an_event_shows_check_it_as_they_stand(visitor: Visitor, tmp_path: Path) -> None:
    commands = visitor.page(EVENT).all("//code[@data-commands]")[0].text_content()

    good = _typed(commands, tmp_path)
    bad = _typed(commands.replace("python3 receipt.py", "printf ' ' >> entry.json; python3 receipt.py"), tmp_path)

    assert "holds" in good.stdout, good.stderr
    assert "Signature Verified" in good.stdout
    assert "does NOT hold" in bad.stdout


@pytest.mark.usefixtures("checkpoint")
def test_the_program_that_the_page_shows_reckons_the_root(auditor: Visitor, tmp_path: Path) -> None:
    program = auditor.page("/verify").all("//code[@data-program]")[0].text_content()
    (tmp_path / "bundle.zip").write_bytes(auditor.get("/verify/bundle.zip").content)
    with ZipFile(tmp_path / "bundle.zip") as bundle:
        bundle.extract("entries.jsonl", tmp_path)

    found = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == auditor.get("/verify.json").json()["checkpoint"]["root"]


def test_a_bundle_is_for_those_who_may_know_of_every_pledge(visitor: Visitor, auditor: Visitor) -> None:
    assert visitor.page("/verify/bundle.zip", status=401).heading
    assert "/verify/bundle.zip" not in visitor.page("/verify").links().values()
    assert "/verify/bundle.zip" in auditor.page("/verify").links().values()


@pytest.mark.parametrize("version", ["0", "999", "x", "-1", "9999999999999999999999"])
def test_a_version_that_is_not_there_is_not_made_up(visitor: Visitor, version: str) -> None:
    for form in ("", ".json"):
        assert visitor.get(f"/pledges/{PLEDGE}/events/{version}{form}").status_code == 404


def test_an_event_is_not_there_before_it_was_recorded(visitor: Visitor) -> None:
    position = visitor.get(f"{EVENT}.json").json()["event"]["position"]

    visitor.page(f"{EVENT}?as_of={position}")
    visitor.page(f"{EVENT}?as_of={position - 1}", status=404)


def test_what_bdt_has_not_admitted_is_there_for_those_who_may_know_of_it_alone(
    visitor: Visitor, auditor: Visitor
) -> None:
    for form in ("", ".json", "/entry.json"):
        address = f"/pledges/{WAITING}/events/1{form}"
        unknown = visitor.get(address.replace(WAITING, "P2C-1999-000001"))
        answer = visitor.get(address)
        assert (answer.status_code, unknown.status_code, auditor.get(address).status_code) == (404, 404, 200)
    assert "Authorization: Bearer" in auditor.page(f"/pledges/{WAITING}/events/1").text


def test_the_scripts_are_given_what_the_visitor_may_see_and_the_hashes_of_the_rest(
    visitor: Visitor, auditor: Visitor, checkpoint: SignedCheckpoint
) -> None:
    told, run = checkpoint.checkpoint, {"after": 0, "until": checkpoint.checkpoint.size}
    public, all_of_it = (who.get("/verify/entries", params=run).content for who in (visitor, auditor))
    shown, everything = list(_parts(public)), list(_parts(all_of_it))

    assert SECRET.encode() in all_of_it
    assert SECRET.encode() not in public
    assert all(entry for entry, _ in everything)
    assert 0 < sum(not entry for entry, _ in shown) < len(shown)
    for found in (shown, everything):
        tree = Frontier()
        tree.extend([leaf_hash(entry) if entry else hash for entry, hash in found])
        assert (tree.size, tree.root()) == (told.size, told.root)


def test_proofs_tell_of_no_entry_that_is_not_the_visitors(visitor: Visitor, auditor: Visitor) -> None:
    position = auditor.get(f"/pledges/{WAITING}/events/1.json").json()["event"]["position"]
    answers = [who.get("/verify/proofs", params={"position": position}).json() for who in (visitor, auditor)]

    assert answers[0]["entries"][0]["entry"] is None
    assert answers[1]["entries"][0]["entry"]
    assert answers[0]["entries"][0]["hashes"] == answers[1]["entries"][0]["hashes"]


def test_proofs_are_against_one_checkpoint(visitor: Visitor, checkpoint: SignedCheckpoint) -> None:
    asked = {"position": [1, 7, 10**9], "from": [3, 10**9]}
    found = visitor.get("/verify/proofs", params=asked).json()
    told = SignedCheckpoint.parse(found["checkpoint"].encode())

    told.require_signer(parse_keys("\n".join(found["keys"])))
    assert told == checkpoint
    for item in found["entries"][:2]:
        hashes = [b64decode(hash) for hash in item["hashes"]]
        leaf = leaf_hash(b64decode(item["entry"]))
        require_inclusion(leaf, item["position"] - 1, told.checkpoint.size, hashes, told.checkpoint.root)
    assert found["entries"][2] == {"position": 10**9, "entry": None, "hashes": None}
    assert [item["from"] for item in found["consistency"]] == [3]


@pytest.mark.parametrize(
    "asked",
    [
        "entries",
        "entries?after=0&until=1001",
        "entries?after=5&until=5",
        "entries?after=x&until=3",
        "proofs?position=0",
    ],
)
def test_what_the_scripts_may_ask_for_is_bounded(visitor: Visitor, asked: str) -> None:
    assert visitor.get(f"/verify/{asked}").status_code == 422


def test_scripts_are_loaded_from_addresses_that_change_with_what_they_import(visitor: Visitor) -> None:
    [address] = visitor.page(EVENT).all("//script[@type='module']/@src")
    seen: set[str] = set()
    wanted = [address]
    while wanted:
        answer = visitor.get(wanted.pop())
        assert answer.status_code == 200
        seen.add(str(answer.url.path))
        imported = [line.split('"./')[1].split('"')[0] for line in answer.text.splitlines() if 'from "./' in line]
        wanted += [path for name in imported if (path := f"/assets/{name}") not in seen]

    assert any("/assets/merkle." in path for path in seen)
    assert all(path.count(".") == 2 for path in seen), "name, digest, suffix"


def _parts(run: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a run, or their hashes."""
    at = 0
    while at < len(run):
        length = int.from_bytes(run[at : at + 2], "big")
        end = at + 2 + (length or 32)
        content = run[at + 2 : end]
        yield (content, b"") if length else (b"", content)
        at = end


def _typed(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = commands.replace("python3 ", f"{sys.executable} ")
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
