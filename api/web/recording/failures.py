"""Why a form was not recorded, though nothing is wrong with it, and what to do: in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.http import problems
from api.http.failures import Failure
from api.languages.texts import Texts, message
from api.web.form_posts import FORM_OF_ANOTHER_SESSION, FORM_TOO_LARGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A failure in words, and what the button says that sends the form again."""

    title: str
    advice: str
    again: str


_AGAIN = message("Try again")
_AWAY = (
    message("Your record could not be made just now"),
    message(
        "Nothing that you typed is lost: it is all here. Wait a moment, then try again. If it was recorded after"
        " all, it is not recorded twice."
    ),
    _AGAIN,
)

_WORDS: Mapping[str, tuple[str, str, str]] = {
    FORM_OF_ANOTHER_SESSION.name: (
        FORM_OF_ANOTHER_SESSION.title,
        FORM_OF_ANOTHER_SESSION.remedy,
        message("Send it again"),
    ),
    FORM_TOO_LARGE.name: (
        FORM_TOO_LARGE.title,
        message("Nothing was recorded. Shorten the texts, and link long documents as evidence."),
        message("Send it again"),
    ),
    problems.IDEMPOTENCY_KEY_REUSED.name: (
        message("This form was recorded before, with other words"),
        message(
            "What you recorded with it stands, and you can read it. If what is typed here is to be recorded besides,"
            " send it again."
        ),
        message("Record this besides"),
    ),
    problems.TOO_MANY_REQUESTS.name: (
        message("Too much was sent in a short time"),
        message("Nothing was recorded. Wait a minute, then try again."),
        _AGAIN,
    ),
    problems.LEDGER_ROLLED_BACK.name: (
        message("Nothing can be recorded at present"),
        message("The register is being repaired. Keep a copy of what you typed, and try again later."),
        _AGAIN,
    ),
}


def told(failure: Failure, texts: Texts) -> Told:
    """The failure in words."""
    title, advice, again = _WORDS.get(failure.problem.name, _AWAY)
    return Told(title=texts.say(title), advice=texts.say(advice), again=texts.say(again))
