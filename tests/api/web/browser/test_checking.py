"""Checking in a real browser: what holds is said to hold, and each way of cheating is found and named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from api.web.assets import address_of
from audit.checkpoint import Checkpoint, SignedCheckpoint
from audit.merkle import Frontier, consistency_proof, inclusion_proof, leaf_hash, perfect_root
from audit.signed_note import Note, SigningKey, in_base64
from audit.tiles import entry_bundle
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from tests.api.web.browser.conftest import Opened
from tests.api.web.signed_ledger import (
    EVENTS,
    PLEDGE,
    changed_entry,
    changed_note,
    deleted_entry,
    forged,
    grow,
    nothing_signed,
    signed_ledger,
    signed_up_to_now,
)

LAST = f"/pledges/{PLEDGE}/events/{EVENTS}"
LARGEST = 40


@pytest.fixture(scope="module")
def service(conninfo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that signs a ledger of a few hundred entries."""
    with signed_ledger(conninfo, tmp_path_factory.mktemp("keys")) as service:
        yield service


@pytest.fixture(autouse=True)
def checkpoint(server: str, service: Service) -> SignedCheckpoint:
    """Everything that is recorded is signed."""
    assert server
    return signed_up_to_now(service)


@pytest.fixture
def auditor(service: Service) -> str:
    """The token of an auditor."""
    return service.credentials.issue(Role.AUDITOR)[1]


def said(page: Page) -> tuple[str, str]:
    """What checking comes to: the kind of verdict, and what is said."""
    page.click("[data-check]")
    page.wait_for_selector("[data-said][data-verdict]:not([data-verdict=checking])")
    kind = page.get_attribute("[data-said]", "data-verdict")
    return str(kind), " ".join(page.inner_text("[data-said]").split())


def remember(page: Page, seen: SignedCheckpoint, *keys: str) -> None:
    """Let the browser have seen a checkpoint at an earlier visit."""
    kept = {"note": bytes(seen).decode(), "signers": keys, "seenAt": "2026-01-31T12:00:00.000Z"}
    page.evaluate("kept => localStorage.setItem('p2c-ledger-checkpoint', JSON.stringify(kept))", kept)


def remembered(page: Page) -> Any:
    """What the browser has seen."""
    return page.evaluate("JSON.parse(localStorage.getItem('p2c-ledger-checkpoint'))")


def position_of(service: Service, version: int) -> int:
    """Where an event of the pledge is in the ledger."""
    return service.timeline.history(PLEDGE, after_version=version - 1, limit=1).items[0].position


@pytest.mark.parametrize("knows_all", [False, True])
def test_the_whole_ledger_holds(opened: Opened, auditor: str, checkpoint: SignedCheckpoint, knows_all: bool) -> None:
    page = opened("/verify", token=auditor if knows_all else None)
    kind, words = said(page)
    size = checkpoint.checkpoint.size

    assert kind == "holds"
    assert f"The ledger holds: the tree over all its {size} entries has the root that was signed." in words
    assert "has not been here before" in words
    assert ("was shown only the hash" in words) is (not knows_all)
    assert (f"this browser hashed itself: {size}." in words) is knows_all
    assert page.is_visible("[data-remembered]")
    assert remembered(page)["note"] == bytes(checkpoint).decode()


def test_it_has_only_grown_since_the_last_visit(opened: Opened, service: Service, checkpoint: SignedCheckpoint) -> None:
    page = opened("/verify")
    said(page)
    grow(service)
    signed_up_to_now(service)
    page.reload()
    kind, words = said(page)

    assert kind == "holds"
    assert f"begins with the {checkpoint.checkpoint.size} entries that were signed when this browser was here" in words
    assert f"\n{checkpoint.checkpoint.size + 1}\n" in remembered(page)["note"]
    page.click("[data-forget]")
    assert remembered(page) is None
    assert not page.is_visible("[data-remembered]")


def test_a_page_holds(opened: Opened, checkpoint: SignedCheckpoint) -> None:
    page = opened(LAST)
    kind, words = said(page)

    assert kind == "holds"
    assert f"{EVENTS} of {EVENTS} events of this page are in the signed ledger, byte for byte." in words
    assert f"is the beginning of the one that is signed up to position {checkpoint.checkpoint.size}." in words
    assert [place.text_content() for place in page.query_selector_all("[data-event-verdict]")] == (
        ["✓ in the ledger"] * EVENTS
    )


def test_the_steps_of_a_pledge_are_marked_where_they_are_told(opened: Opened) -> None:
    page = opened(f"/pledges/{PLEDGE}")
    kind, words = said(page)

    assert kind == "holds"
    assert f"{EVENTS} of {EVENTS} events of this page" in words
    assert [place.text_content() for place in page.query_selector_all(".timeline [data-event-verdict]")] == (
        ["✓ in the ledger"] * EVENTS
    )


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/?effective_on=2023-12-31",
        "/?as_of=100",
        f"{LAST}?as_of=20&lang=ru",
        f"/pledges/{PLEDGE}?effective_on=2024-02-01",
    ],
)
def test_so_does_a_page_without_events_and_one_of_an_earlier_moment(opened: Opened, address: str) -> None:
    page = opened(address)

    assert said(page)[0] == "holds"
    assert remembered(page)


def test_what_is_not_signed_yet_is_waited_for(opened: Opened, service: Service) -> None:
    with nothing_signed(service):
        grow(service)
        page = opened("/")
        page.click("[data-check]")
        page.wait_for_selector("[data-verdict=checking]")
    page.wait_for_selector("[data-said][data-verdict=holds]")


def test_a_tampered_entry_is_named(opened: Opened, service: Service) -> None:
    position = position_of(service, 1)
    with changed_entry(service, position, "Schools", "Thieves"):
        kind, words = said(opened("/verify"))
        assert kind == "wrong"
        assert f"The entry at position {position} is not the one that was signed." in words

        page = opened(LAST)
        kind, words = said(page)
        assert kind == "wrong"
        assert f"{EVENTS - 1} of {EVENTS} events are in the signed ledger" in words
        assert f"The entry at position {position} is not the one that was signed." in words
        verdicts = [place.text_content() for place in page.query_selector_all("[data-event-verdict]")]
        assert verdicts == ["✗ does not hold", *["✓ in the ledger"] * (EVENTS - 1)]
        assert remembered(page) is None
        page.goto(f"/pledges/{PLEDGE}/events/1")
        assert page.is_visible("text=The bytes of this event are not those that were signed.")


def test_a_page_that_shows_other_bytes_than_the_ledger_has_is_found_out(opened: Opened, service: Service) -> None:
    position = position_of(service, 1)
    with changed_entry(service, position, "Schools", "Thieves"):
        page = opened(LAST)
    kind, words = said(page)

    assert kind == "wrong"
    assert f"shows of the entry at position {position} was made from other bytes than the ledger has." in words


def test_an_entry_that_is_gone_is_named(opened: Opened, service: Service, auditor: str) -> None:
    position = position_of(service, 3)
    page = opened(LAST)
    with deleted_entry(service, position):
        for window, told in (
            (page, f"There is no entry at position {position}"),
            (opened("/verify", token=auditor), f"The entry at position {position} is not the one"),
        ):
            kind, words = said(window)
            assert kind == "wrong"
            assert told in words
        kind, words = said(opened(f"/pledges/{PLEDGE}"))
        assert kind == "wrong"
        assert f"Event 3 of the pledge {PLEDGE} is missing on this page." in words


def test_an_event_that_a_page_leaves_out_is_named(opened: Opened) -> None:
    page = opened(LAST)
    page.evaluate("document.querySelector('[data-event-version=\"2\"]').remove()")
    kind, words = said(page)

    assert kind == "wrong"
    assert f"Event 2 of the pledge {PLEDGE} is missing on this page." in words


def test_an_event_under_another_number_is_named(opened: Opened, service: Service) -> None:
    page = opened(LAST)
    page.evaluate("document.querySelector('[data-event-version=\"5\"]').dataset.eventVersion = '6'")
    kind, words = said(page)

    assert kind == "wrong"
    assert f"The entry at position {position_of(service, 5)} is not event 6 of its pledge." in words
    assert f"Event 5 of the pledge {PLEDGE} is missing on this page." in words


def test_a_page_made_from_another_tree_is_found_out(opened: Opened) -> None:
    page = opened("/?as_of=100")
    other = in_base64(bytes(32))
    page.evaluate("root => { document.querySelector('[data-verify-page]').dataset.root = root }", other)
    kind, words = said(page)

    assert kind == "wrong"
    assert "What this page is made from, the ledger up to position 100, is not the beginning" in words


def test_a_ledger_that_is_signed_but_not_in_order_is_found_out(opened: Opened) -> None:
    """As a service could serve it that signs whatever it likes."""
    page, key = opened("/verify"), SigningKey.generate("example.org/disorder")
    served: list[bytes] = []

    def give_proofs(route: Route) -> None:
        tree = Frontier()
        tree.extend([leaf_hash(entry) for entry in served])
        checkpoint = Checkpoint(origin=key.name, size=tree.size, root=tree.root())
        note = bytes(Note.signed(checkpoint.text(), [key])).decode()
        route.fulfill(json={"checkpoint": note, "keys": [str(key.verifier)], "entries": [], "consistency": []})

    page.route("**/verify/proofs?*", give_proofs)
    page.route("**/verify/entries?*", lambda route: route.fulfill(body=entry_bundle(served)))
    first, second = entry(1, "2026-01-01"), entry(2, "2026-01-02")
    for entries, told in (
        ([first, second], None),
        ([second], "The entry at position 1 is not the next one of its history"),
        ([first, entry(3, "2026-01-02")], "The entry at position 2 is not the next one of its history"),
        ([first, first], "The entry at position 2 is not the next one of its history"),
        (
            [first, second, entry(3, "2026-01-01")],
            "position 3 was recorded before the one in front of it.",
        ),
        ([first, b"{"], "The entry at position 2 cannot be read."),
    ):
        served[:] = entries
        page.evaluate("localStorage.clear()")
        kind, words = said(page)
        assert kind == ("wrong" if told else "holds"), words
        assert (told or "The ledger holds") in words


def entry(version: int, day: str) -> bytes:
    """As much of an entry as is checked."""
    stream = "8c7e1f5e-0d5c-4d7e-9a57-2b8d3c1e7a40"
    return json.dumps({"recorded_at": f"{day}T00:00:00.000000Z", "stream_id": stream, "version": version}).encode()


@pytest.mark.parametrize("address", ["/verify", LAST])
def test_a_wrong_signature_is_found_out(
    opened: Opened, service: Service, checkpoint: SignedCheckpoint, address: str
) -> None:
    key, told = SigningKey.generate(checkpoint.checkpoint.origin), checkpoint.checkpoint.text()
    [signature] = checkpoint.note.signatures
    altered = bytes(Note(told, (type(signature)(signature.name, signature.key_id, bytes(64)),)))
    strange = bytes(Note.signed(told, [key]))
    page = opened(address)
    for note, told in (
        (altered, "The signature of the checkpoint is wrong"),
        (strange, "The checkpoint is signed by none of the ledger's keys."),
        (b"nonsense", "What the service sent as a signed checkpoint is none."),
    ):
        with changed_note(service, note):
            kind, words = said(page)
        assert kind == "wrong"
        assert told in words


@pytest.mark.parametrize("address", ["/verify", LAST])
def test_a_history_that_is_not_the_remembered_one_is_found_out(
    opened: Opened, service: Service, checkpoint: SignedCheckpoint, address: str
) -> None:
    size, [key] = checkpoint.checkpoint.size, map(str, service.checkpoints.verifier_keys())
    page = opened(address)
    other = SigningKey.generate("example.org/another")
    elsewhere = SignedCheckpoint.parse(
        bytes(Note.signed("example.org/another\n9\n" + in_base64(bytes(32)) + "\n", [other]))
    )
    for seen, keys, told in (
        (forged(service, 200, bytes(32)), [key], "The history was rewritten: the first 200 entries are not those"),
        (forged(service, size, bytes(32)), [key], f"The history was rewritten: the first {size} entries"),
        (forged(service, size + 7, bytes(32)), [key], f"has {size} entries. It had {size + 7} when"),
        (checkpoint, ["example.org/v1/ledger+00000000+AAAA"], "signed by none of the keys that had signed it when"),
        (elsewhere, [str(other.verifier)], "This browser remembers the ledger example.org/another"),
    ):
        remember(page, seen, *keys)
        kind, words = said(page)
        assert kind == "wrong"
        assert words.startswith("✗ It does NOT hold.")
        assert told in words
        assert remembered(page)["note"] == bytes(seen).decode(), "what contradicts it does not take its place"


@pytest.mark.parametrize("address", ["/verify", LAST])
def test_a_browser_that_cannot_check_says_why(opened: Opened, address: str) -> None:
    for lacking, told in (
        ("() => { Object.defineProperty(crypto, 'subtle', {value: undefined}); }", "This page came without encryption"),
        (
            "() => { crypto.subtle.importKey = async () => { throw new DOMException('', 'NotSupportedError'); }; }",
            "This browser cannot check Ed25519 signatures.",
        ),
    ):
        page = opened(address)
        page.evaluate(lacking)
        kind, words = said(page)
        assert kind == "unknown"
        assert told in words


def test_a_service_that_cannot_be_reached_proves_nothing(opened: Opened) -> None:
    page = opened("/verify")
    page.context.set_offline(True)
    kind, words = said(page)

    assert kind == "unknown"
    assert "The service cannot be reached." in words
    assert "nothing is proven" in words


def test_without_scripts_there_is_no_button_and_the_other_ways_are_there(opened: Opened) -> None:
    page = opened(LAST, scripts=False)

    assert not page.is_visible("[data-check]")
    assert page.is_visible("main >> text=How to check it yourself")
    page.goto("/verify")
    assert not page.is_visible("[data-check]")
    assert page.is_visible("text=This needs a browser that runs scripts; the other two ways do not.")


def test_the_scripts_and_the_auditors_tools_agree_on_every_tree(opened: Opened) -> None:
    """Roots, inclusion and consistency proofs of all sizes up to forty, and that none passes for another."""
    leaves = [leaf_hash(f"entry {n}".encode()) for n in range(LARGEST)]

    def subtree(level: int, n: int) -> bytes:
        return perfect_root(leaves[n << level : (n + 1) << level])

    def root(size: int) -> bytes:
        tree = Frontier()
        tree.extend(leaves[:size])
        return tree.root()

    sizes = range(1, LARGEST + 1)
    given: dict[str, Any] = {
        "merkle": address_of("merkle.js"),
        "bytes": address_of("bytes.js"),
        "entries": [f"entry {n}" for n in range(LARGEST)],
        "roots": [in_base64(root(size)) for size in range(LARGEST + 1)],
        "inclusion": [
            [n, size, [in_base64(hash) for hash in inclusion_proof(n, size, subtree)]]
            for size in sizes
            for n in range(size)
        ],
        "consistency": [
            [first, size, [in_base64(hash) for hash in consistency_proof(first, size, subtree)]]
            for size in sizes
            for first in range(1, size + 1)
        ],
    }
    found = opened("/verify").evaluate(_AGREE, given)

    assert found == {"checked": 2 * sum(sizes) + LARGEST + 1, "wrong": []}


_AGREE = """
async (given) => {
  const [merkle, bytes] = await Promise.all([import(given.merkle), import(given.bytes)]);
  const wrong = [], roots = given.roots.map(bytes.decoded), encoder = new TextEncoder();
  const leaves = await Promise.all(given.entries.map((entry) => merkle.leafHash(encoder.encode(entry))));
  let checked = 0;
  const refuses = async (check) => {
    try { await check(); return false; } catch (failed) { return failed instanceof merkle.ProofRefused; }
  };
  const holds = async (what, check) => {
    checked += 1;
    try { await check(); } catch (failed) { wrong.push(`${what}: ${failed.message}`); }
  };
  const spoiled = (proof) => proof.map((hash, at) => at ? hash : hash.map((byte) => byte ^ 1));
  for (let size = 0; size <= leaves.length; size += 1)
    await holds(`root of ${size}`, async () => {
      const tree = new merkle.Frontier();
      await tree.extend(leaves.slice(0, size >> 1));
      await tree.extend(leaves.slice(size >> 1, size));
      if (!bytes.same(await tree.root(), roots[size])) throw new Error("another root");
    });
  for (const [n, size, hashes] of given.inclusion) {
    const proof = hashes.map(bytes.decoded), at = `${n} in ${size}`;
    await holds(at, () => merkle.requireInclusion(leaves[n], n, size, proof, roots[size]));
    for (const [how, check] of [
      ["another leaf", () => merkle.requireInclusion(leaves[(n + 1) % size], n, size, proof, roots[size])],
      ["another place", () => merkle.requireInclusion(leaves[n], (n + 1) % size, size, proof, roots[size])],
      ["a longer one", () => merkle.requireInclusion(leaves[n], n, size, [...proof, leaves[0]], roots[size])],
      ["a shorter one", () => merkle.requireInclusion(leaves[n], n, size, proof.slice(1), roots[size])],
      ["a spoiled one", () => merkle.requireInclusion(leaves[n], n, size, spoiled(proof), roots[size])],
    ]) if (size > 1 && size <= 20 && !(await refuses(check))) wrong.push(`${at}: ${how} passes`);
  }
  for (const [first, size, hashes] of given.consistency) {
    const proof = hashes.map(bytes.decoded), at = `${first} to ${size}`;
    await holds(at, () => merkle.requireConsistency(first, size, roots[first], roots[size], proof));
    for (const [how, check] of [
      ["another first root", () => merkle.requireConsistency(first, size, roots[first - 1], roots[size], proof)],
      ["another second root", () => merkle.requireConsistency(first, size, roots[first], roots[size - 1], proof)],
      ["a longer one", () => merkle.requireConsistency(first, size, roots[first], roots[size], [...proof, leaves[0]])],
    ]) if (size <= 20 && !(await refuses(check))) wrong.push(`${at}: ${how} passes`);
    if (proof.length && !(await refuses(() =>
      merkle.requireConsistency(first, size, roots[first], roots[size], spoiled(proof))))) wrong.push(`${at}: spoiled`);
  }
  return {checked, wrong: wrong.slice(0, 10)};
}
"""
