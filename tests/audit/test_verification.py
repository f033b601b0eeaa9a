"""The offline verifier: what holds is said to hold, and nothing else is."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.bundle import ENTRIES, KEYS, LEAF_HASHES, MANIFEST, README, Noticed
from audit.canonical import canonical
from audit.checkpoint import SignedCheckpoint
from audit.signed_note import SigningKey
from audit.verification import Report, Trust, verify
from audit.verify import main
from tests.audit.bundles import KEY, SmallLedger, changed, honest, stored
from tests.projections.ledgers import registered

many = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])

Check = Callable[[bytes], Report]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    return lambda content: verify(stored(content, tmp_path))


def first_bad(report: Report) -> int | None:
    assert not report.holds
    return report.findings[0].position


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    """A change of the list of entries."""
    return lambda content: b"".join(line + b"\n" for line in change(content.splitlines()))


def rewritten(entry: bytes, **changes: object) -> bytes:
    """The entry with other values, as whoever forges it would write it: canonical and well-formed."""
    return canonical({**json.loads(entry), **changes})


def test_an_honest_ledger_holds_and_everything_that_was_checked_is_told(check: Check):
    ledger = honest()
    report = check(ledger.bundle())
    assert report.findings == []
    assert (report.holds, report.replayed) == (True, True)
    assert report.entries == len(ledger.entries) == 12
    assert (report.checkpoints, report.snapshots, report.pledges) == (3, 1, 2)
    assert (report.origin, report.root) == (KEY.name, ledger.root())
    assert report.keys == (KEY.verifier,)
    assert not report.keys_are_trusted


def test_the_same_ledger_gives_the_same_bundle():
    ledger = honest()
    assert ledger.bundle() == ledger.bundle()


def test_it_holds_for_the_auditor_s_own_key_and_for_no_other(tmp_path: Path):
    path = stored(honest().bundle(), tmp_path)
    assert verify(path, Trust(keys=(KEY.verifier,))).keys_are_trusted
    report = verify(path, Trust(keys=(SigningKey(KEY.name, bytes(32)).verifier,)))
    assert first_bad(report) == 1


def test_a_ledger_that_was_signed_anew_by_another_key_does_not_hold_for_the_old_key(tmp_path: Path):
    ledger, thief = honest(), SigningKey(KEY.name, bytes(32))
    ledger.sign(thief)
    path = stored(ledger.bundle(keys=[thief]), tmp_path)
    report = verify(path, Trust(keys=(KEY.verifier,)))
    assert first_bad(report) == 12, "the first that only the thief's checkpoint has"
    assert "a trusted key signed no checkpoint that has it" in report.findings[0].problem


def test_a_key_that_was_rotated_out_still_stands_for_what_it_signed(tmp_path: Path):
    ledger, new = honest(), SigningKey(KEY.name, bytes(32))
    ledger.append(registered("Another"))
    ledger.sign(new)
    path = stored(ledger.bundle(keys=[KEY, new]), tmp_path)
    assert verify(path, Trust(keys=(new.verifier,))).findings == []


def test_it_has_only_grown_since_an_earlier_checkpoint(tmp_path: Path):
    ledger = honest()
    path = stored(ledger.bundle(), tmp_path)
    for note in ledger.checkpoints.values():
        report = verify(path, Trust(since=SignedCheckpoint.parse(note)))
        assert report.holds
        assert report.since == SignedCheckpoint.parse(note).checkpoint.size


def test_it_has_not_grown_out_of_a_ledger_that_was_another(tmp_path: Path):
    earlier, ledger = honest(), honest()
    path = stored(ledger.bundle(), tmp_path)
    since = SignedCheckpoint.parse(earlier.checkpoints[6])
    report = verify(path, Trust(since=since))
    assert "up to position 6, is not what it was" in str(report.findings)


def test_a_ledger_that_became_shorter_is_said_to_lack_what_comes_after_its_end(tmp_path: Path):
    ledger = honest()
    since = ledger.sign()
    ledger.entries.pop()
    del ledger.checkpoints[12]
    ledger.snapshots.clear()
    assert first_bad(verify(stored(ledger.bundle(), tmp_path), Trust(since=since))) == 12


@pytest.mark.parametrize("position", range(1, 13))
def test_a_changed_entry_is_named(check: Check, position: int):
    def change(entries: list[bytes]) -> list[bytes]:
        entries[position - 1] = rewritten(entries[position - 1], command_id=str(uuid.uuid4()))
        return entries

    assert first_bad(check(changed(honest().bundle(), ENTRIES, lines(change)))) == position


@pytest.mark.parametrize("position", range(1, 12))
def test_swapped_entries_are_named_by_the_first(check: Check, position: int):
    def swap(entries: list[bytes]) -> list[bytes]:
        entries[position - 1 : position + 1] = reversed(entries[position - 1 : position + 1])
        return entries

    assert first_bad(check(changed(honest().bundle(), ENTRIES, lines(swap)))) == position


@pytest.mark.parametrize("position", range(1, 13))
def test_an_entry_left_out_is_named(check: Check, position: int):
    def leave_out(entries: list[bytes]) -> list[bytes]:
        return entries[: position - 1] + entries[position:]

    assert first_bad(check(changed(honest().bundle(), ENTRIES, lines(leave_out)))) == position


@pytest.mark.parametrize("position", range(1, 14))
def test_an_entry_put_in_is_named(check: Check, position: int):
    ledger, other = honest(), SmallLedger()
    other.append(registered("Nobody"))

    def put_in(entries: list[bytes]) -> list[bytes]:
        return [*entries[: position - 1], other.entries[0], *entries[position - 1 :]]

    assert first_bad(check(changed(ledger.bundle(), ENTRIES, lines(put_in)))) == position


def test_without_the_leaf_hashes_the_checkpoints_say_between_which_positions_it_is(check: Check):
    def change(entries: list[bytes]) -> list[bytes]:
        entries[8] = rewritten(entries[8], command_id=str(uuid.uuid4()))
        return entries

    content = changed(changed(honest().bundle(), ENTRIES, lines(change)), LEAF_HASHES, lambda _: None)
    report = check(content)
    assert first_bad(report) == 7
    assert "up to position 11" in report.findings[0].problem


def test_leaf_hashes_that_were_changed_too_convince_nobody(check: Check):
    def change(content: bytes) -> bytes:
        return content[:32] + bytes(32) + content[64:]

    def entry(entries: list[bytes]) -> list[bytes]:
        entries[1] = rewritten(entries[1], command_id=str(uuid.uuid4()))
        return entries

    report = check(changed(changed(honest().bundle(), LEAF_HASHES, change), ENTRIES, lines(entry)))
    assert first_bad(report) == 1
    assert "up to position 6" in report.findings[0].problem


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda entry: entry.replace(b'":', b'": ', 1), "not canonical"),
        (lambda entry: entry[:-1], "no JSON"),
        (lambda entry: b"[]", "no envelope"),
        (lambda entry: b"{}", "no envelope"),
        (lambda entry: rewritten(entry, type="pledge.vanished.v1"), "does not know"),
        (lambda entry: rewritten(entry, version=7), "version 1 comes next"),
        (lambda entry: rewritten(entry, recorded_at="2020-01-01T00:00:00.000000Z"), "before the entry before it"),
        (lambda entry: rewritten(entry, recorded_at="yesterday"), "no instant"),
        (lambda entry: rewritten(entry, stream_id="1"), "no UUID"),
        (lambda entry: rewritten(entry, event_id=str(uuid.UUID(int=1))), "its event id"),
        (lambda entry: rewritten(entry, data={}), "cannot be read"),
        (lambda entry: b"\xff" + entry, "no JSON"),
    ],
)
def test_an_entry_that_was_signed_although_it_is_wrong_is_found_all_the_same(
    check: Check, change: Callable[[bytes], bytes], problem: str
):
    ledger = honest()
    ledger.append(registered("Last"))
    ledger.entries[-1] = change(ledger.entries[-1])
    ledger.sign()
    report = check(ledger.bundle())
    assert first_bad(report) == 13
    assert problem in report.findings[0].problem


def test_a_published_snapshot_that_was_edited_is_found(check: Check):
    ledger = honest()
    [(id, document)] = ledger.snapshots.items()
    ledger.snapshots[id] = document.replace(b'"pledges":2', b'"pledges":3')
    assert ledger.snapshots[id] != document
    assert first_bad(check(ledger.bundle())) == 12


def test_a_published_snapshot_that_is_missing_is_found(check: Check):
    ledger = honest()
    ledger.snapshots.clear()
    assert first_bad(check(ledger.bundle())) == 12


def test_a_snapshot_that_nobody_published_is_found(check: Check):
    ledger = honest()
    ledger.snapshots[uuid.UUID(int=1)] = b"{}"
    assert "never published" in str(check(ledger.bundle()).findings)


def test_a_snapshot_whose_figures_the_facts_do_not_give_is_found_even_if_its_fact_agrees(check: Check):
    ledger = honest()
    lie = honest()
    del lie.entries[11]
    lie.publish([], {})
    assert lie.entries[-1] != ledger.entries[-1]
    lie.sign()
    del lie.snapshots[next(iter(lie.snapshots))]
    report = check(lie.bundle())
    assert first_bad(report) == 12
    assert "the facts give" in report.findings[0].problem


def test_what_the_maker_of_a_bundle_noticed_counts(check: Check):
    ledger = honest()
    ledger.noticed.append(Noticed(position=4, problem="the column topic says otherwise"))
    assert first_bad(check(ledger.bundle())) == 4


def test_entries_that_no_checkpoint_has_do_not_hold(check: Check):
    ledger = honest()
    ledger.append(registered("Unsigned"))
    assert first_bad(check(ledger.bundle())) == 13


def test_a_ledger_without_any_checkpoint_does_not_hold(check: Check):
    ledger = honest()
    ledger.checkpoints.clear()
    assert first_bad(check(ledger.bundle())) == 1


@pytest.mark.parametrize("name", [ENTRIES, KEYS, MANIFEST, README, "checkpoints/6.txt", "checkpoints/12.txt"])
def test_a_bundle_that_lacks_a_file_does_not_hold(check: Check, name: str):
    assert not check(changed(honest().bundle(), name, lambda _: None)).holds


def test_a_file_that_does_not_belong_into_a_bundle_is_refused(check: Check):
    content = io.BytesIO(honest().bundle())
    with zipfile.ZipFile(content, "a") as file:
        file.writestr("../../etc/passwd", "root")
    assert "does not belong" in str(check(content.getvalue()).findings)


@many
@given(st.data())
def test_no_bundle_with_a_changed_file_is_accepted_and_none_stops_the_verifier(tmp_path: Path, data: st.DataObject):
    content = BUNDLE
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        name = data.draw(st.sampled_from(file.namelist()))
        inside = file.read(name)
    at = data.draw(st.integers(0, len(inside) - 1))
    flip = data.draw(st.integers(1, 255))
    mutated = inside[:at] + bytes([inside[at] ^ flip]) + inside[at + 1 :]
    assert not verify(stored(changed(content, name, lambda _: mutated), tmp_path), Trust(keys=(KEY.verifier,))).holds


@many
@given(st.integers(0, 10**9), st.integers(1, 255))
def test_no_damaged_file_stops_the_verifier(tmp_path: Path, at: int, flip: int):
    content = bytearray(BUNDLE)
    content[at % len(content)] ^= flip
    report = verify(stored(bytes(content), tmp_path), Trust(keys=(KEY.verifier,)))
    if report.holds:
        assert (report.entries, report.root) == (12, LEDGER.root()), "it hit what nobody reads"


@many
@given(st.binary(max_size=500))
def test_whatever_is_no_bundle_is_said_to_be_none(tmp_path: Path, content: bytes):
    assert not verify(stored(content, tmp_path)).holds


LEDGER = honest()
BUNDLE = LEDGER.bundle()


def test_the_command_says_what_holds_and_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = stored(BUNDLE, tmp_path)
    assert main([str(path), "--key", str(KEY.verifier)]) == 0
    assert "It holds" in capsys.readouterr().out


def test_the_command_names_the_first_bad_position_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def change(entries: list[bytes]) -> list[bytes]:
        entries[4] = rewritten(entries[4], command_id=str(uuid.uuid4()))
        return entries

    path = stored(changed(BUNDLE, ENTRIES, lines(change)), tmp_path)
    assert main([str(path), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["holds"], report["findings"][0]["position"]) == (False, 5)


@pytest.mark.parametrize("arguments", [["--key", "nonsense"], ["--since", "nowhere"]])
def test_the_command_used_wrongly_ends_with_2(tmp_path: Path, arguments: list[str]):
    assert main([str(stored(BUNDLE, tmp_path)), *arguments]) == 2


def test_a_bundle_that_is_not_there_is_a_wrong_use(tmp_path: Path):
    assert main([str(tmp_path / "nothing.zip")]) == 2


def test_a_checkpoint_of_another_ledger_is_no_earlier_one(tmp_path: Path):
    other = honest()
    path = stored(BUNDLE, tmp_path)
    since = other.sign()
    foreign = replace(since, checkpoint=replace(since.checkpoint, origin="example.org/other"))
    assert "your checkpoint is that of" in str(verify(path, Trust(since=foreign)).findings)
