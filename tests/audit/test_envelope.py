"""The stored form of a fact: complete, canonical, readable for ever."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import get_args
from uuid import UUID

import msgspec
import pytest
import rfc8785
from hypothesis import given as for_all
from hypothesis import strategies as st

from audit.decoding import envelope
from audit.envelope import (
    LARGEST_ENTRY,
    TYPES,
    Envelopes,
    Unreadable,
    data_json,
    data_of,
    format_instant,
    parse_instant,
    stamp,
)
from domain.events import (
    Amended,
    AnyEvent,
    Description,
    Event,
    OrganisationEvent,
    PledgeEvent,
    Published,
    SnapshotIdentity,
    Withdrawn,
)
from domain.refusals import TooLarge
from domain.values import Actor
from domain.vocabulary import Role
from tests.given import announced, header, schools, withdrawn
from tests.lives import histories

ENVELOPES = Envelopes()
NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001

# These bytes were written by version 0.1.0 and are never to change: they stand for every ledger there is.
STORED = (
    b'{"actor":{"credential":"0b7cbb0c-0d7c-4f1c-8f3a-0c8a2f6a0d11","organisation":'
    b'"11111111-1111-4111-8111-111111111111","role":"stakeholder"},"command_id":'
    b'"22222222-2222-4222-8222-222222222222","data":{"reason":"No funds.","superseded_by":"P2C-2026-000007"},'
    b'"effective_on":"2026-11-22","event_id":"c54004b5-6914-5429-a505-aa73e54329eb","idempotency_key":"k-1",'
    b'"recorded_at":"2026-11-23T12:00:00.123456Z","stream_id":"33333333-3333-4333-8333-333333333333",'
    b'"type":"pledge.withdrawn.v1","version":4}'
)
MEANT = Withdrawn(
    originator_id=UUID("33333333-3333-4333-8333-333333333333"),
    originator_version=4,
    effective_on=date(2026, 11, 22),
    actor=Actor(
        role=Role.STAKEHOLDER,
        organisation=UUID("11111111-1111-4111-8111-111111111111"),
        credential=UUID("0b7cbb0c-0d7c-4f1c-8f3a-0c8a2f6a0d11"),
    ),
    command_id=UUID("22222222-2222-4222-8222-222222222222"),
    idempotency_key="k-1",
    reason="No funds.",
    superseded_by="P2C-2026-000007",
)


def test_the_stored_bytes_are_these_and_no_others():
    assert stamp(ENVELOPES.write(MEANT), NOON) == STORED


def test_the_stored_bytes_are_read_back_as_the_fact_they_hold():
    entry = ENVELOPES.read(STORED, 17)
    assert entry.event == MEANT
    assert (entry.position, entry.type, entry.recorded_at) == (17, "pledge.withdrawn.v1", NOON)
    assert entry.event_id == MEANT.event_id == ENVELOPES.event_id(STORED)


@for_all(histories, instants)
def test_every_fact_is_read_back_as_it_was_written(history, instant):
    for event in history:
        stored = stamp(ENVELOPES.write(event), instant)
        entry = ENVELOPES.read(stored, 1)
        assert entry.event == event
        assert entry.recorded_at == instant
        assert stored == rfc8785.dumps(json.loads(stored))


def plainly_read(stored: bytes) -> tuple[AnyEvent, UUID]:
    """The fact and the event id, by way of a document as any JSON library makes it."""
    envelope = json.loads(stored)
    fields = {
        **envelope["data"],
        "originator_id": envelope["stream_id"],
        "originator_version": envelope["version"],
        **{name: envelope.get(name) for name in ("effective_on", "actor", "command_id", "idempotency_key")},
    }
    return msgspec.convert(fields, TYPES[envelope["type"]]), UUID(envelope["event_id"])


@for_all(histories, st.randoms(use_true_random=False))
def test_typed_reading_finds_what_a_plain_document_says_also_where_bytes_were_changed(history, chance):
    for event in history:
        stored = stamp(ENVELOPES.write(event), NOON)
        at = chance.randrange(len(stored))
        for bytes in (
            stored,
            stored[:at] + b"%d" % chance.randrange(10) + stored[at + 1 :],
            stored[:at] + stored[at + 1 :],
        ):
            try:
                entry = ENVELOPES.read(bytes, 1)
            except Unreadable:
                assert bytes != stored
            else:
                assert (entry.event, entry.event_id) == plainly_read(bytes)


def test_what_data_says_of_the_header_counts_nothing():
    forged = STORED.replace(b'"data":{', b'"data":{"actor":{"role":"bdt"},"originator_version":9,')
    assert ENVELOPES.read(forged, 1).event == MEANT


def test_the_order_of_entries_can_be_told_without_their_data():
    header = envelope(STORED)
    assert (header.type, header.version, header.stream_id) == ("pledge.withdrawn.v1", 4, str(MEANT.originator_id))
    assert bytes(header.data) == b'{"reason":"No funds.","superseded_by":"P2C-2026-000007"}'


def test_a_publication_is_read_back_as_it_was_written():
    published = Published(
        **header(date(2026, 4, 2)),
        title="First quarter",
        snapshot=SnapshotIdentity(
            position=17,
            effective_on=date(2026, 3, 31),
            rules_version=1,
            digest="sha256:0",
            group_by=("region", "sdg"),
            attribution="split",
        ),
    )
    stored = stamp(ENVELOPES.write(published), NOON)
    assert ENVELOPES.read(stored, 1).event == published
    assert json.loads(stored)["effective_on"] == "2026-04-02"
    assert json.loads(stored)["data"]["snapshot"]["effective_on"] == "2026-03-31"
    assert stored == rfc8785.dumps(json.loads(stored))


def test_every_fact_has_a_stable_type_name():
    assert (
        set(TYPES.values())
        == {*get_args(PledgeEvent), *get_args(OrganisationEvent), Published}
        == set(get_args(AnyEvent))
    )
    assert all(name.endswith(".v1") for name in TYPES)


def test_absent_values_are_left_out():
    document = json.loads(ENVELOPES.write(announced(schools(1))))
    assert "idempotency_key" not in document
    assert "ends_on" not in document["data"]
    assert document["data"]["countries"] == []
    assert None not in document["data"].values()


def test_an_event_id_belongs_to_one_try_of_one_command_and_one_place():
    other_command = replace(MEANT, command_id=UUID("44444444-4444-4444-8444-444444444444"))
    other_place = replace(MEANT, originator_version=5)
    assert len({MEANT.event_id, other_command.event_id, other_place.event_id}) == 3
    assert replace(MEANT, reason="Else.").event_id == MEANT.event_id


def test_a_client_cannot_say_when_something_was_recorded():
    forged = announced(description='x","recorded_at":"0000-00-00T00:00:00.000000Z","y":"')
    entry = ENVELOPES.read(stamp(ENVELOPES.write(forged), NOON), 1)
    assert entry.event == forged
    assert entry.recorded_at == NOON


def test_an_envelope_is_stamped_once():
    with pytest.raises(ValueError, match="stamped already"):
        stamp(STORED, NOON)


def test_what_does_not_fit_an_entry_is_refused_before_it_is_recorded():
    fits = announced(description="x" * 100)
    ENVELOPES.write(fits)
    with pytest.raises(TooLarge):
        ENVELOPES.write(replace(fits, description="x" * LARGEST_ENTRY))


def test_the_largest_entry_still_fits_once_it_is_stamped():
    room = LARGEST_ENTRY - len(ENVELOPES.write(announced(description="")))
    unstamped = ENVELOPES.write(announced(description="x" * room))
    assert len(stamp(unstamped, NOON)) == LARGEST_ENTRY


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        STORED[:-2],
        STORED.replace(b"withdrawn.v1", b"withdrawn.v9"),
        STORED.replace(b'"reason":"No funds.",', b""),
        STORED.replace(b'"version":4', b'"version":"4"'),
        STORED.replace(b"2026-11-22", b"2026-13-22"),
        STORED.replace(b"12:00:00.123456Z", b"12:00:00Z"),
        STORED.replace(b"stakeholder", b"emperor"),
    ],
)
def test_bytes_that_are_no_entry_are_said_to_be_unreadable(entry):
    with pytest.raises(Unreadable):
        ENVELOPES.read(entry, 1)


@for_all(instants)
def test_instants_are_written_in_one_form_whose_text_order_is_time_order(instant):
    later = instant + timedelta(microseconds=1)
    assert parse_instant(format_instant(instant)) == instant
    assert format_instant(instant) < format_instant(later)


# Upcasting: an older shape of a type, brought to today's when it is read.


@dataclass(frozen=True, slots=True, kw_only=True)
class Left(Event):
    """What `pledge.withdrawn` might be called, and hold, one day."""

    explanation: str
    amount: Decimal


def test_bytes_of_older_versions_are_read_in_todays_shape_and_stay_as_they_are():
    envelopes = Envelopes(
        types={"pledge.left.v3": Left},  # type: ignore[dict-item]
        upcasts={
            "pledge.withdrawn.v1": lambda data: ("pledge.withdrawn.v2", {"explanation": data["reason"]}),
            "pledge.withdrawn.v2": lambda data: ("pledge.left.v3", {**data, "amount": "0.10"}),
        },
    )
    entry = envelopes.read(STORED, 17)
    event: object = entry.event
    assert isinstance(event, Left)
    assert (event.explanation, event.amount) == ("No funds.", Decimal("0.10"))
    assert entry.type == "pledge.withdrawn.v1"
    assert entry.event_id == MEANT.event_id


def test_today_a_withdrawal_has_a_header_and_a_reason():
    assert withdrawn() == Withdrawn(**header(withdrawn().effective_on), reason="no funds")


@for_all(histories)
def test_the_data_of_a_fact_is_the_same_written_at_once(history: Sequence[PledgeEvent]):
    for fact in history:
        assert json.loads(data_json(fact)) == data_of(fact)


@pytest.mark.parametrize("text", ['"x":null', ',"x":null', "\\", '\\"x":null,', ":null"])
def test_a_text_that_looks_like_what_is_absent_is_kept(text: str):
    fact = replace(announced(), title=text, description=text, occasion=text)
    assert json.loads(data_json(fact)) == data_of(fact)
    assert json.loads(data_json(fact))["title"] == text


def test_what_is_absent_at_the_beginning_of_its_object_is_left_out_too():
    fact = Amended(**header(date(2026, 1, 1)), before=Description(), after=Description(), reason="Nothing changed.")
    assert json.loads(data_json(fact)) == data_of(fact) == {"before": {}, "after": {}, "reason": "Nothing changed."}
