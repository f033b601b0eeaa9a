"""A visit to a page: who looks, in which language, at which moment of the register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Header, Query, Request

from api.http.languages import liked
from api.http.moments import as_of_of
from api.http.service import Services, TodayInUtc
from api.languages.texts import Texts, texts
from api.web.form_guard import form_token
from api.web.links import Place
from api.web.queries import Page
from api.web.signed_in import SignedIn, signed_in
from application.access import NotAuthenticated, NotPermitted, Permission, Principal, Sight, sight_of, webhook_owner
from application.moments import Moment
from application.sample.loading import began_with_the_sample
from infrastructure.bootstrap import Service
from infrastructure.register import point_of
from projections.pinning import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What every page is made with.

    `pinned` says whether the visitor asked for a moment, rather than for now; `sample` whether the register is one to
    try, with invented pledges.
    """

    service: Service
    place: Place
    texts: Texts
    visitor: SignedIn
    moment: Moment
    pinned: bool
    sample: bool
    today: date

    @property
    def by(self) -> Principal:
        """Who looks."""
        return self.visitor.principal

    @property
    def form_token(self) -> str:
        """What the forms of this visitor carry; empty where nobody has signed in."""
        return form_token(self.visitor.secret) if self.visitor.secret else ""

    @property
    def sight(self) -> Sight:
        """Which pledges they may know of."""
        return sight_of(self.by)

    @property
    def point(self) -> Point:
        """The moment as read models know it."""
        return point_of(self.moment)

    def may(self, permission: str) -> bool:
        """Whether the visitor has a permission, by its name."""
        return Permission(permission) in self.by.permissions

    @property
    def may_keep_webhooks(self) -> bool:
        """Whether the visitor may look after webhooks."""
        try:
            webhook_owner(self.by)
        except (NotAuthenticated, NotPermitted):
            return False
        return True


def visit(
    request: Request,
    service: Services,
    page: Annotated[Page, Query()],
    today: TodayInUtc,
    visitor: Annotated[SignedIn, Depends(signed_in)],
    accept_language: Annotated[str | None, Header()] = None,
) -> Visit:
    """The visit that a request is. Raises MomentNotOver, PositionAhead, and ViewsBehind."""
    return Visit(
        service=service,
        place=place_of(request),
        texts=texts(page.lang or liked(accept_language)),
        visitor=visitor,
        moment=service.register.resolve(as_of_of(page.as_of), page.effective_on),
        pinned=page.as_of is not None or page.effective_on is not None,
        sample=_is_sample(request, service),
        today=today,
    )


def _is_sample(request: Request, service: Service) -> bool:
    """Whether the register began with the sample; once it has begun, that never changes."""
    state = request.app.state
    if not hasattr(state, "began_with_the_sample"):
        if not service.ledger.position:
            return False
        state.began_with_the_sample = began_with_the_sample(service.ledger)
    return bool(state.began_with_the_sample)


def place_of(request: Request) -> Place:
    """Where a request leads; parameters that say nothing are left out."""
    said = tuple((name, value) for name, value in request.query_params.multi_items() if value)
    return Place(request.url.path, said)


Visits = Annotated[Visit, Depends(visit)]
