"""What went wrong, as a page: what it is, and what to do."""

from __future__ import annotations

from fastapi import Request, Response

from api.http.failures import Failure
from api.http.languages import liked
from api.languages.texts import Texts, texts
from api.web.form_posts import sent_again, typed_in
from api.web.rendering import environment, secure_page
from api.web.visits import place_of
from domain.vocabulary import LANGUAGES


def failure_page(request: Request, failure: Failure) -> Response:
    """The page of a failure. It needs neither the database nor a session: both may be what failed."""
    if failure.turned_away:
        request.state.turned_away = failure.turned_away
    place, language = place_of(request), failure_language(request)
    content = (
        environment()
        .get_template("failure.html")
        .render(
            **language_of(language),
            place=place,
            failure=failure,
            again=sent_again(typed_in(request)),
            request_id=getattr(request.state, "request_id", None),
        )
    )
    return secure_page(content, status=int(failure.status), headers={"Cache-Control": "no-store", **failure.headers})


def language_of(spoken: Texts) -> dict[str, object]:
    """What a template says things with."""
    return {"texts": spoken, "say": spoken.say, "count": spoken.count}


def failure_language(request: Request) -> Texts:
    """The language of a page whose visit could not begin."""
    wanted = request.query_params.get("lang")
    return texts(wanted if wanted in LANGUAGES else liked(request.headers.get("accept-language")))
