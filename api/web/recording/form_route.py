"""Routes of forms for recording: whatever goes wrong, the form comes back with everything that was typed."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request, Response

from api.http.failures import Failure
from api.web.failure_pages import failure_page
from api.web.form_posts import typed_in
from api.web.page_route import PageRoute
from api.web.recording.access import FORMS
from api.web.recording.form_pages import given_back_without_register, sign_in_page

_BY_PATH = {form.path: form for form in FORMS}

NOT_THEIRS = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class FormRoute(PageRoute):
    """A route of a form for recording."""

    def failed(self, request: Request, failure: Failure) -> Response:
        """The form with what was typed; the way in, for whom nobody knows; else the page of the failure."""
        fields, form = typed_in(request), _BY_PATH.get(self.path)
        if failure.status == HTTPStatus.UNAUTHORIZED:
            return sign_in_page(request, failure)
        if not fields or form is None or _is_not_theirs(failure):
            return failure_page(request, failure)
        return given_back_without_register(request, form, fields, failure)


def _is_not_theirs(failure: Failure) -> bool:
    """Whether the form is not there for the visitor, so that it is not shown."""
    return failure.status in NOT_THEIRS and not failure.problem.name.startswith("form-")
