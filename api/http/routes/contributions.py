"""What can be asked of a contribution that was recorded."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.http import answers, bodies
from api.http.answers import PledgeAnswer
from api.http.conditions import Changing
from api.http.json_request import PromptCommandRoute
from api.http.openapi import CHANGED, CHANGING, PLEDGE_REFUSED, Refusals
from api.http.openapi import answers as responses
from api.http.paths import ContributionId, Reference
from api.http.service import Services
from domain import refusals as no

router = APIRouter(
    prefix="/v1/pledges/{reference}/contributions/{contribution}",
    tags=["contributions"],
    route_class=PromptCommandRoute,
)

KNOWN: Refusals = (no.UnknownContribution, no.AlreadyCorrected, *PLEDGE_REFUSED)


@router.post(
    "/verification",
    operation_id="verifyContribution",
    summary="Confirm the evidence of a contribution",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(201, CHANGED, CHANGING, (no.AlreadyVerified, *KNOWN)),
)
async def verify_contribution(
    reference: Reference,
    contribution: ContributionId,
    body: bodies.Verification,
    conditions: Changing,
    service: Services,
) -> Response:
    """Say that the evidence was checked: the contribution counts as verified from now on."""
    return await answers.change_pledge(service, reference, body.command(contribution), conditions)


@router.post(
    "/query",
    operation_id="queryContribution",
    summary="Ask about a contribution",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(201, CHANGED, CHANGING, KNOWN),
)
async def query_contribution(
    reference: Reference, contribution: ContributionId, body: bodies.Question, conditions: Changing, service: Services
) -> Response:
    """Ask about the evidence; until it is verified the contribution does not count as verified."""
    return await answers.change_pledge(service, reference, body.command(contribution), conditions)


@router.post(
    "/correction",
    operation_id="correctContribution",
    summary="Take back or replace a contribution",
    status_code=201,
    response_model=PledgeAnswer,
    responses=responses(
        201,
        CHANGED,
        CHANGING,
        (
            no.ContributionAlreadyRecorded,
            no.UnknownTarget,
            no.MeasureMismatch,
            no.ExchangeRateMissing,
            no.NotPositive,
            no.UnacceptableAmount,
            no.UnknownCodes,
            no.DateInFuture,
            no.BeforeAnnouncement,
            *KNOWN,
        ),
    ),
)
async def correct_contribution(
    reference: Reference,
    contribution: ContributionId,
    body: bodies.Correction,
    conditions: Changing,
    service: Services,
) -> Response:
    """Take the contribution back, or replace its figures, with a reason; a fulfilled pledge may open again."""
    return await answers.change_pledge(service, reference, body.command(contribution), conditions)
