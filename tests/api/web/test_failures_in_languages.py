"""What went wrong is said in the visitor's language, as far as it can be; to programs it is said in English."""

from __future__ import annotations

import pytest

from api.http import problems
from api.languages.texts import texts
from domain.vocabulary import LANGUAGES
from tests.api.web.pages import Visitor

LOOKS = {"Accept": "text/html"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_title_detail_and_remedy_of_a_failure_are_in_the_language_of_the_page(visitor: Visitor, language: str) -> None:
    page = visitor.page("/nothing", params={"lang": language}, headers=LOOKS, status=404)
    say = texts(language).say

    assert page.heading == say(problems.NO_SUCH_ADDRESS.title)
    assert say("This service has nothing at this address.") in page.text
    assert say(problems.NO_SUCH_ADDRESS.remedy) in page.text
    assert not page.all("//main//*[@lang]")


def test_a_detail_that_has_no_translation_is_said_to_be_english(visitor: Visitor) -> None:
    page = visitor.page("/", params={"as_of": "2999-01-01", "lang": "ar"}, status=422)
    [english] = page.all("//main//p[@class='lead']/*")

    assert page.heading == texts("ar").say(problems.MOMENT_NOT_OVER.title)
    assert (english.get("lang"), english.get("dir")) == ("en", "ltr")
    assert "2999-01-01" in english.text_content()
    assert page.all("//main//p[2]/span[not(@lang)]")[0].text_content() == texts("ar").translated(
        problems.MOMENT_NOT_OVER.remedy
    )


def test_what_is_wrong_with_the_parameters_is_said_to_be_english(visitor: Visitor) -> None:
    page = visitor.page("/", params={"effective_on": "soon", "lang": "zh"}, status=422)
    [errors] = page.all("//main//ul[@class='errors']")

    assert (errors.get("lang"), errors.get("dir")) == ("en", "ltr")


def test_programs_are_told_in_english_whatever_language_they_like(visitor: Visitor) -> None:
    problem = visitor.get("/nothing", headers={"Accept-Language": "ru"}).json()

    assert problem["title"] == problems.NO_SUCH_ADDRESS.title
    assert problem["remedy"] == problems.NO_SUCH_ADDRESS.remedy
    assert problem["detail"] == "This service has nothing at this address."
