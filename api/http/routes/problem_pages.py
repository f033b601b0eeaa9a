"""What the problems mean: the pages that `type` in a problem document leads to, for people and for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from api.http import problems
from api.http.failures import Failure
from api.http.html import element, link, page, table
from api.http.openapi import RATED, answers
from api.http.problems import PROBLEMS, Problem

router = APIRouter(prefix="/problems", tags=["service"])


class ProblemDescription(BaseModel):
    """A kind of problem: what it is, and what to do about it."""

    type: str
    title: str
    status: int
    remedy: str


class ProblemList(BaseModel):
    """Every kind of problem."""

    problems: list[ProblemDescription]


@router.get(
    "",
    operation_id="listProblems",
    summary="List the problems",
    response_model=ProblemList,
    responses=answers(200, {}, RATED),
)
async def list_problems(request: Request) -> Response:
    """Every problem this service answers with; as a page where HTML is preferred."""
    if _prefers_html(request):
        rows = [(link(p.type, p.name), str(int(p.status)), element("span", p.title)) for p in PROBLEMS.values()]
        return page("Problems", table(("problem", "status", "meaning"), rows))
    return _json(ProblemList(problems=[described(problem) for problem in PROBLEMS.values()]))


@router.get(
    "/{name}",
    operation_id="getProblem",
    summary="Explain a problem",
    response_model=ProblemDescription,
    responses=answers(200, {}, (problems.NO_SUCH_ADDRESS, problems.INVALID_REQUEST, *RATED)),
)
async def get_problem(
    request: Request, name: Annotated[str, Path(description="The last part of the problem's `type`", max_length=100)]
) -> Response:
    """What a problem means and what to do about it; as a page where HTML is preferred."""
    problem = PROBLEMS.get(name)
    if problem is None:
        raise Failure(problems.NO_SUCH_ADDRESS, "There is no problem of this name.")
    if _prefers_html(request):
        facts = [("Status", str(int(problem.status))), ("What to do", element("span", problem.remedy))]
        return page(problem.title, table(("", ""), facts) + f"<p>{link('/problems', 'All problems')}</p>")
    return _json(described(problem))


def _prefers_html(request: Request) -> bool:
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    return "text/html" in accepted and "application/json" not in accepted


def described(problem: Problem) -> ProblemDescription:
    """The problem as it is listed."""
    return ProblemDescription(type=problem.type, title=problem.title, status=problem.status, remedy=problem.remedy)


def _json(content: BaseModel) -> Response:
    return Response(content.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"})
