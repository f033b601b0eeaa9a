"""Reports, debts and stories of a register, as the use cases tell them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import rfc8785

from application.good_practices import GoodPractices, Interest
from application.moments import AsOf, Moment
from application.progress_reports import ProgressReports
from audit.canonical import canonical
from audit.envelope import Entry, Envelopes
from audit.progress_report import report_document
from audit.snapshot import RULES_VERSION
from domain.events import AnyEvent, OrganisationEvent, PledgeEvent, Registered, Renamed, Reported
from domain.organisation import Organisation
from domain.organisation import fold as organisation_of
from domain.pledge import Pledge, fold
from domain.progress.report import Period
from domain.values import GoodPractice
from domain.vocabulary import FocusArea, Sector
from tests.given import (
    announced,
    contributed,
    contribution,
    header,
    money,
    organisation,
    reported,
    usd,
    validated,
)
from tests.portfolios import portfolio

YEAR = Period(date(2025, 1, 1), date(2025, 12, 31))
START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class Remembered:
    """A register of facts in memory: the fact at position n was recorded on the nth day."""

    facts: Sequence[AnyEvent]

    def resolve(self, as_of: AsOf | None, effective_on: date | None) -> Moment:
        assert as_of is None or isinstance(as_of, int)
        position = len(self.facts) if as_of is None else as_of
        recorded = START + timedelta(days=position)
        return Moment(position=position, recorded_at=recorded, effective_on=effective_on or recorded.date())

    def entries(self, until: int) -> Iterator[Entry]:
        for position, event in enumerate(self.facts[:until], start=1):
            name = Envelopes().name(event)
            recorded = START + timedelta(days=position)
            yield Entry(position=position, event=event, event_id=event.event_id, type=name, recorded_at=recorded)

    def reports(self, until: int) -> Iterator[Entry]:
        return (entry for entry in self.entries(until) if isinstance(entry.event, Reported))

    def _histories(self, until: int) -> Iterator[Sequence[Entry]]:
        found: dict[UUID, list[Entry]] = {}
        for entry in self.entries(until):
            found.setdefault(entry.event.originator_id, []).append(entry)
        return iter(found.values())

    def pledges(self, at: Moment) -> Iterator[Pledge]:
        for history in self._histories(at.position):
            pledge = fold(None, [e.event for e in history if isinstance(e.event, PledgeEvent) and _true(e, at)])
            if pledge:
                yield pledge

    def organisations(self, at: Moment) -> Mapping[UUID, Organisation]:
        found = {}
        for history in self._histories(at.position):
            events = [e.event for e in history if isinstance(e.event, OrganisationEvent) and _true(e, at)]
            if known := organisation_of(None, events):
                found[known.id] = known
        return found


def _true(entry: Entry, at: Moment) -> bool:
    return entry.event.effective_on <= at.effective_on


def registered(name: str = "Lead", on: date = date(2024, 1, 1)) -> Registered:
    head = {**header(on), "originator_id": organisation(name).id, "originator_version": 1}
    return Registered(**head, name=name, sector=Sector.PRIVATE_SECTOR)


def renamed(name: str, on: date) -> Renamed:
    head = {**header(on), "originator_id": organisation("Lead").id, "originator_version": 2}
    return Renamed(**head, name=name, former_name="Lead")


def telling(end: date, *practices: str) -> Reported:
    told = tuple(GoodPractice(title=title, text=f"How {title} works") for title in practices)
    return replace(reported(end - timedelta(days=30), end), good_practices=told)


def register(*histories: Sequence[PledgeEvent], names: Sequence[OrganisationEvent] = ()) -> Remembered:
    facts = [fact for history in portfolio(*histories).values() for fact in history]
    return Remembered([*(names or [registered()]), *facts])


def admitted(on: date = date(2024, 3, 1), **more: object) -> tuple[PledgeEvent, ...]:
    return announced(money(usd(100)), on=on, **more), validated(on)


def test_the_same_position_and_period_give_the_same_bytes_whatever_is_recorded_later() -> None:
    before = register((*admitted(), contributed(contribution("c1", usd(10), "money", date(2025, 5, 1)))))
    after = Remembered([*before.facts, *register(admitted()).facts])

    position = len(before.facts)
    first = canonical(report_document(ProgressReports(before).make(YEAR, position)))
    second = canonical(report_document(ProgressReports(after).make(YEAR, position)))
    assert first == second
    assert canonical(report_document(ProgressReports(after).make(YEAR))) != first


def test_the_digest_is_that_of_everything_else_in_the_document() -> None:
    document = json.loads(canonical(report_document(ProgressReports(register(admitted())).make(YEAR))))

    digest = document.pop("digest")
    assert digest == f"sha256:{hashlib.sha256(rfc8785.dumps(document)).hexdigest()}"


def test_the_document_says_which_report_it_is() -> None:
    document = report_document(ProgressReports(register(admitted())).make(YEAR))

    assert document["position"] == 3
    assert document["as_of"] == "2024-01-04T00:00:00.000000Z"
    assert document["period"] == {"start": "2025-01-01", "end": "2025-12-31"}
    assert document["rules_version"] == RULES_VERSION


def test_every_proportion_in_the_document_says_what_it_is_of() -> None:
    document = report_document(ProgressReports(register(admitted(), admitted(countries=("BGD",)))).make(YEAR))

    assert document["least_developed"] == {
        "pledges": {"part": 1, "whole": 2, "rate": "0.5000"},
        "value": {"part": "100.00", "whole": "200.00", "rate": "0.5000"},
    }
    assert document["burn_up"]["reached"]["whole"] == "100000000000.00"


def test_organisations_go_by_the_name_of_the_last_day() -> None:
    told = (*admitted(), telling(date(2025, 6, 1), "Sharing poles"))

    def lead(*names: OrganisationEvent) -> str:
        return ProgressReports(register(told, names=names)).make(YEAR).good_practices[0].lead_name

    assert lead(registered(), renamed("Leader", date(2025, 12, 31))) == "Leader"
    assert lead(registered(), renamed("Leader", date(2026, 1, 1))) == "Lead"
    assert lead(registered(on=date(2026, 1, 1))) == "Lead", "it joined the register later than its pledge was made"


def test_stories_are_those_of_admitted_pledges_the_latest_first() -> None:
    practices = GoodPractices(
        register(
            (*admitted(), telling(date(2024, 6, 1), "Old"), telling(date(2025, 6, 1), "New", "Newer")),
            (announced(), telling(date(2025, 6, 1), "Of a pledge nobody admitted")),
            (*admitted(), telling(date(2024, 9, 1), "Middle"), telling(date(2027, 1, 1), "Not yet true")),
        )
    )
    at = Moment(position=11, recorded_at=START, effective_on=date(2026, 1, 1))

    stories = practices.stories(at, Interest())

    assert [story.title for story in stories] == ["New", "Newer", "Middle", "Old"]
    assert [(story.reference[-1], story.number) for story in stories] == [("1", 2), ("1", 3), ("3", 1), ("1", 1)]


def test_stories_are_found_by_words_and_by_what_the_pledge_is() -> None:
    practices = GoodPractices(
        register(
            (*admitted(focus_area=FocusArea.ACCESS), telling(date(2025, 6, 1), "Sharing poles")),
            (*admitted(focus_area=FocusArea.ADOPTION, title="Skills"), telling(date(2025, 6, 1), "Radio lessons")),
        )
    )
    at = Moment(position=7, recorded_at=START, effective_on=date(2026, 1, 1))

    def found(interest: Interest) -> list[str]:
        return [story.title for story in practices.stories(at, interest)]

    assert found(Interest(words=("POLES",))) == ["Sharing poles"]
    assert found(Interest(words=("radio", "skills"))) == ["Radio lessons"]
    assert found(Interest(words=("radio", "poles"))) == []
    assert found(Interest(focus_area=(FocusArea.ADOPTION,))) == ["Radio lessons"]
    assert found(Interest(sector=(Sector.YOUTH,))) == []


def test_amounts_keep_every_digit() -> None:
    amount = Decimal("99999999999999.995")
    document = report_document(
        ProgressReports(
            register((announced(money(usd(str(amount))), on=date(2024, 3, 1)), validated(date(2024, 3, 1))))
        ).make(YEAR)
    )

    assert document["closing"]["total"]["validated_usd"] == "99999999999999.995"
