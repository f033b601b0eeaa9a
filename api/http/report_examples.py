"""What reports look like, made of the example's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from pydantic import BaseModel

from api.http.obligation_documents import ObligationList, obligation_document
from api.http.progress_documents import ProgressReportDocument
from api.http.story_documents import StoryList, story_document
from audit.envelope import Entry
from audit.progress_report import report_document
from audit.snapshot import RULES_VERSION
from domain.events import Fulfilled, PledgeEvent, Reported
from domain.good_practices import stories
from domain.obligations import obligations
from domain.pledge import fold
from domain.progress.making import progress_report
from domain.progress.report import Period

PERIOD = Period(date(2026, 1, 1), date(2026, 12, 31))
A_YEAR_LATER = date(2027, 8, 1)


def report_examples(entries: Sequence[Entry], names: Mapping[UUID, str]) -> dict[str, BaseModel]:
    """The answers about reports, by operation id."""
    facts = [entry.event for entry in entries if isinstance(entry.event, PledgeEvent)]
    open_pledge = fold(None, (fact for fact in facts if not isinstance(fact, Fulfilled)))
    assert open_pledge is not None, "it was announced"
    last = entries[-1]
    report = progress_report(
        PERIOD,
        {open_pledge.id: facts},
        names,
        position=last.position,
        recorded_at=last.recorded_at,
        rules_version=RULES_VERSION,
    )
    told = stories(open_pledge, (fact for fact in facts if isinstance(fact, Reported)), names)
    return {
        "getProgressReport": ProgressReportDocument.model_validate(report_document(report)),
        "listObligations": ObligationList(
            items=[obligation_document(owed) for owed in obligations([open_pledge], names, A_YEAR_LATER)],
            position=last.position,
            as_of=last.recorded_at,
            effective_on=A_YEAR_LATER,
        ),
        "listGoodPractices": StoryList(
            items=[story_document(story) for story in told],
            next=None,
            position=last.position,
            as_of=last.recorded_at,
            effective_on=PERIOD.end,
        ),
    }
