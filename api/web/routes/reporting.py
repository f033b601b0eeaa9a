"""Who owes a report, what reminds them of it, and what waits for BDT."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.exports.obligation_tables import obligation_table
from api.web.data import as_csv, as_json
from api.web.obligations import ObligationsQuery, obligations, obligations_page, reporting
from api.web.page_route import PageRoute
from api.web.periods import periods
from api.web.reminder_mails import mails, mails_table
from api.web.rendering import page
from api.web.reporting_data import obligations_document
from api.web.review_queue import QueueQuery, review_queue
from api.web.visits import Visit, Visits
from application.access import Permission, require, require_insight

router = APIRouter(include_in_schema=False, route_class=PageRoute)

Asked = Annotated[ObligationsQuery, Query()]


@router.get("/reporting")
def get_reporting(visit: Visits, query: Asked) -> Response:
    """How reporting stands, and who owes a report."""
    own = visit.by.actor.organisation if visit.may("pledges:write") else None
    return page(
        visit,
        "reporting.html",
        reporting=reporting(visit, query),
        own=own,
        periods=periods(visit.moment.effective_on),
    )


@router.get("/reporting.json")
def get_reporting_as_json(visit: Visits, query: Asked) -> Response:
    """The obligations that are asked about, as JSON."""
    return as_json(visit, obligations_document(obligations(visit, query)))


@router.get("/reporting.csv")
def get_reporting_as_csv(visit: Visits, query: Asked) -> Response:
    """The same as CSV, with the mails that ask for the reports, as programs get it."""
    return as_csv(visit, obligation_table(obligations(visit, query)))


@router.get("/reporting/reminders")
def get_reminders(visit: Visits, query: Asked) -> Response:
    """The mails that ask for reports, ready to be copied."""
    _require_reviewer(visit)
    owed, _ = obligations_page(visit, query)
    return page(visit, "reminders.html", mails=owed.showing(mails(visit, owed.items)))


@router.get("/reporting/reminders.csv")
def get_reminders_as_csv(visit: Visits, query: Asked) -> Response:
    """The same as a file to merge into mails."""
    _require_reviewer(visit)
    return as_csv(visit, mails_table(visit, obligations(visit, query)))


@router.get("/reporting/queue")
def get_queue(visit: Visits, query: Annotated[QueueQuery, Query()]) -> Response:
    """What waits for BDT, for BDT to do and for auditors to see."""
    require_insight(visit.by)
    return page(visit, "review_queue.html", queue=review_queue(visit, query), may_review=visit.may("pledges:review"))


def _require_reviewer(visit: Visit) -> None:
    """Refuse whoever does not speak for BDT. Raises NotAuthenticated and NotPermitted."""
    require(visit.by, Permission.PLEDGES_REVIEW)
