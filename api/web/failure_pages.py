"""What went wrong, as a page: what it is, and what to do."""

from __future__ import annotations

from fastapi import Request, Response

from api.http.caching import NO_STORE
from api.http.failures import Failure
from api.http.languages import liked
from api.languages.texts import Texts, texts
from api.web.form_posts import sent_again, typed_in
from api.web.rendering import environment, secure_page
from api.web.visits import place_of
from domain.vocabulary import LANGUAGES


def failure_page(request: Request, failure: Failure) -> Response:
    """The page of a failure."""
    return page_without_visit(
        request,
        "failure.html",
        failure,
        failure=failure,
        again=sent_again(typed_in(request)),
        request_id=getattr(request.state, "request_id", None),
    )


def page_without_visit(request: Request, template: str, cause: Failure, **shown: object) -> Response:
    """A page that needs neither the database nor a session: both may be what failed. Nobody keeps it."""
    spoken = failure_language(request)
    content = (
        environment()
        .get_template(template)
        .render(texts=spoken, say=spoken.say, count=spoken.count, place=place_of(request), **shown)
    )
    return secure_page(content, status=int(cause.status), headers={**NO_STORE, **cause.headers})


def failure_language(request: Request) -> Texts:
    """The language of a page whose visit could not begin."""
    wanted = request.query_params.get("lang")
    return texts(wanted if wanted in LANGUAGES else liked(request.headers.get("accept-language")))
