"""What can be asked of a pledge."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.http import answers, bodies
from api.http.answers import PledgeAnswer
from api.http.conditions import Changing, Creating
from api.http.json_request import PromptCommandRoute
from api.http.openapi import ALWAYS_REFUSED, CHANGED, CHANGING, COMMANDING, CREATED, PLEDGE_REFUSED, Refusals, leads_to
from api.http.openapi import answers as responses
from api.http.paths import Reference
from api.http.problems import named_in_body
from api.http.service import Services
from domain import refusals as no

router = APIRouter(prefix="/v1/pledges", tags=["pledges"], route_class=PromptCommandRoute)

MONEY: Refusals = (no.UnacceptableAmount, no.NotPositive, no.ExchangeRateMissing, no.MeasureMismatch, no.UnknownCodes)
CONTRIBUTIONS: Refusals = (*MONEY, no.UnknownTarget, no.ContributionAlreadyRecorded)
DATED: Refusals = (no.DateInFuture, no.BeforeAnnouncement)
CLOSED: Refusals = (no.PledgeClosed,)


@router.post(
    "",
    operation_id="announcePledge",
    summary="Announce a pledge",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(
        201,
        CREATED,
        (*COMMANDING, named_in_body(no.UnknownOrganisation)),
        (
            no.OrganisationInactive,
            no.PillarOutsideFocusArea,
            no.DuplicateTargets,
            no.DuplicatePartners,
            no.SharesDoNotSum,
            no.EndBeforeStart,
            no.DateInFuture,
            *MONEY,
            *ALWAYS_REFUSED,
        ),
        links={
            **leads_to("getPledge", reference="/pledge/reference"),
            **leads_to("getPledgeHistory", reference="/pledge/reference"),
        },
    ),
)
async def announce_pledge(body: bodies.Announcement, conditions: Creating, service: Services) -> Response:
    """Make a promise in public. The service gives it its reference; money gets its US dollars fixed."""
    return await answers.announce(service, body.command(), conditions)


@router.post(
    "/{reference}/validation",
    operation_id="validatePledge",
    summary="Admit a pledge to the register",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(201, CHANGED, CHANGING, (no.AlreadyDecided, *CLOSED, *PLEDGE_REFUSED)),
)
async def validate_pledge(
    reference: Reference, body: bodies.Validation, conditions: Changing, service: Services
) -> Response:
    """Admit the pledge to the published register; decided once."""
    return await answers.change_pledge(service, reference, body.command(), conditions)


@router.post(
    "/{reference}/decline",
    operation_id="declinePledge",
    summary="Decline a pledge",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(201, CHANGED, CHANGING, (no.AlreadyDecided, *CLOSED, *PLEDGE_REFUSED)),
)
async def decline_pledge(
    reference: Reference, body: bodies.Declining, conditions: Changing, service: Services
) -> Response:
    """Refuse to admit the pledge, and say why; decided once."""
    return await answers.change_pledge(service, reference, body.command(), conditions)


@router.post(
    "/{reference}/scale-ups",
    operation_id="scaleUpPledge",
    summary="Promise more",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(
        201,
        CHANGED,
        CHANGING,
        (
            no.NothingRises,
            no.UnknownTarget,
            no.DuplicateTargets,
            no.EndBeforeStart,
            *MONEY,
            *DATED,
            *CLOSED,
            *PLEDGE_REFUSED,
        ),
    ),
)
async def scale_up_pledge(
    reference: Reference, body: bodies.ScalingUp, conditions: Changing, service: Services
) -> Response:
    """Raise targets, add targets or countries, or end later. The history says old and new."""
    return await answers.change_pledge(service, reference, body.command(), conditions)


@router.post(
    "/{reference}/scale-downs",
    operation_id="scaleDownPledge",
    summary="Promise less, with a reason",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(
        201,
        CHANGED,
        CHANGING,
        (
            no.NothingFalls,
            no.BelowDelivered,
            no.UnknownTarget,
            no.DuplicateTargets,
            *MONEY,
            *DATED,
            *CLOSED,
            *PLEDGE_REFUSED,
        ),
    ),
)
async def scale_down_pledge(
    reference: Reference, body: bodies.ScalingDown, conditions: Changing, service: Services
) -> Response:
    """Lower targets, never below what is delivered, and say why."""
    return await answers.change_pledge(service, reference, body.command(), conditions)


@router.post(
    "/{reference}/contributions",
    operation_id="recordContributions",
    summary="Record what was delivered",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(
        201, CHANGED, CHANGING, (no.NothingDelivered, *CONTRIBUTIONS, *DATED, *CLOSED, *PLEDGE_REFUSED)
    ),
)
async def record_contributions(
    reference: Reference, body: bodies.Contributions, conditions: Changing, service: Services
) -> Response:
    """Record one or more acts of fulfilment; one fact for each day on which something was delivered."""
    return await answers.change_pledge(service, reference, body.command(), conditions)


@router.post(
    "/{reference}/reports",
    operation_id="reportProgress",
    summary="Report on a period",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(
        201,
        CHANGED,
        CHANGING,
        (no.PeriodOverlaps, no.EndBeforeStart, *CONTRIBUTIONS, *DATED, *CLOSED, *PLEDGE_REFUSED),
    ),
)
async def report_progress(
    reference: Reference, body: bodies.ProgressReport, conditions: Changing, service: Services
) -> Response:
    """Report on a period, with contributions if they are not recorded yet: all is recorded, or nothing."""
    return await answers.change_pledge(service, reference, body.command(), conditions)


@router.post(
    "/{reference}/fulfilment",
    operation_id="fulfilPledge",
    summary="State that a pledge is kept",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(
        201,
        CHANGED,
        CHANGING,
        (no.AlreadyFulfilled, no.TargetsNotMet, *CONTRIBUTIONS, *DATED, *CLOSED, *PLEDGE_REFUSED),
    ),
)
async def fulfil_pledge(
    reference: Reference, body: bodies.Fulfilment, conditions: Changing, service: Services
) -> Response:
    """State that the promise is kept, with the last contributions if any; every target must be met."""
    return await answers.change_pledge(service, reference, body.command(), conditions)


@router.post(
    "/{reference}/amendments",
    operation_id="amendPledge",
    summary="Put a descriptive mistake right",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(
        201,
        CHANGED,
        CHANGING,
        (
            no.NothingAmended,
            no.PillarOutsideFocusArea,
            no.UnknownCodes,
            no.EndBeforeStart,
            *DATED,
            *CLOSED,
            *PLEDGE_REFUSED,
        ),
    ),
)
async def amend_pledge(
    reference: Reference, body: bodies.Amendment, conditions: Changing, service: Services
) -> Response:
    """Change the description, never the targets, and say why. What is missing or null stays as it is."""
    return await answers.change_pledge(service, reference, body.command(), conditions)


@router.post(
    "/{reference}/withdrawal",
    operation_id="withdrawPledge",
    summary="Leave a pledge",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(
        201,
        CHANGED,
        (*CHANGING, named_in_body(no.UnknownPledge)),
        (no.SupersedesItself, *DATED, *CLOSED, *PLEDGE_REFUSED),
    ),
)
async def withdraw_pledge(
    reference: Reference, body: bodies.Withdrawal, conditions: Changing, service: Services
) -> Response:
    """Leave the promise honestly, with a reason, and name the pledge that takes its place if there is one."""
    return await answers.change_pledge(service, reference, body.command(), conditions)
