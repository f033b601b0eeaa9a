"""Publishing: what is put on the record of a snapshot, and what is refused."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from domain.circumstances import Circumstances
from domain.events import Published, SnapshotIdentity
from domain.publication import Publication, Publish, decide, fold
from domain.refusals import DateInFuture, UnacceptableText
from domain.values import Actor
from domain.vocabulary import Role
from tests.given import COMMAND, TODAY

ID = UUID("5a3b0d5e-58a5-4f0e-9c35-4e0b5d7c0d11")
SNAPSHOT = SnapshotIdentity(
    position=17,
    effective_on=date(2026, 3, 31),
    rules_version=1,
    digest=f"sha256:{'0' * 64}",
    group_by=("region", "sdg"),
    attribution="split",
)
AT = Circumstances(actor=Actor(role=Role.BDT), today=TODAY, command_id=COMMAND)


def test_a_publication_is_effective_on_its_own_day_and_names_the_snapshots():
    [fact] = decide(ID, Publish(title="First quarter"), SNAPSHOT, AT)

    assert (fact.effective_on, fact.snapshot.effective_on) == (TODAY, date(2026, 3, 31))
    assert (fact.originator_id, fact.originator_version) == (ID, 1)
    assert fold(None, [fact]) == Publication(id=ID, version=1, title="First quarter", snapshot=SNAPSHOT)
    assert isinstance(fact, Published)


@pytest.mark.parametrize("title", ["", " ", "x" * 301, "a\x00b"])
def test_a_title_is_needed_and_bounded(title):
    with pytest.raises(UnacceptableText):
        decide(ID, Publish(title=title), SNAPSHOT, AT)


def test_a_day_that_has_not_come_is_not_published():
    tomorrow = replace(SNAPSHOT, effective_on=TODAY + timedelta(days=1))
    with pytest.raises(DateInFuture) as refused:
        decide(ID, Publish(title="Too early"), tomorrow, AT)
    assert refused.value.field == "effective_on"
    assert decide(ID, Publish(title="Today"), replace(SNAPSHOT, effective_on=TODAY), AT)
