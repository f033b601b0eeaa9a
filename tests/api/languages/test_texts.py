"""What is said in each language, and what is still said in English."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api.http.languages import liked
from api.languages.texts import is_complete, texts, untranslated
from domain.dimensions import Dimension
from domain.vocabulary import LANGUAGES

API = Path(__file__).parents[3] / "api"
KEYWORDS = {"say": None, "message": None, "count": (1, 2)}


def said() -> set[str]:
    """Every message in the code, the singular of those with plurals."""
    found = extract_from_dir(API, [("**.py", "python")], keywords=KEYWORDS)
    return {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_message_is_in_every_catalogue(language: str):
    with resources.files("api.languages").joinpath(f"catalogues/{language}.po").open("rb") as file:
        listed = {m.id[0] if isinstance(m.id, tuple) else m.id for m in read_po(file) if m.id}
    assert listed == said()


def test_english_and_russian_are_complete_and_the_others_say_that_they_are_not():
    assert is_complete("en")
    assert untranslated("ru") == []
    assert not is_complete("zh")


def test_translations_name_the_same_values():
    with resources.files("api.languages").joinpath("catalogues/ru.po").open("rb") as file:
        for message in read_po(file):
            if message.id:
                for form in message.string if isinstance(message.string, tuple) else (message.string,):
                    source = message.id[1] if isinstance(message.id, tuple) else message.id
                    assert set(values(str(source))) == set(values(str(form))), message.id


def values(message: str) -> list[str]:
    """The values that a message names."""
    return [part.partition("}")[0] for part in message.split("{")[1:]]


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1, "БРЭ отклонило 1 обязательство."),
        (3, "БРЭ отклонило 3 обязательства."),
        (11, "БРЭ отклонило 11 обязательств."),
    ],
)
def test_russian_has_its_plurals(n: int, words: str):
    assert texts("ru").count("BDT declined {n} pledge.", "BDT declined {n} pledges.", n) == words


def test_numbers_days_and_shares_are_written_as_the_language_does():
    english, russian = texts("en"), texts("ru")
    assert (english.number(1234567), english.day(date(2026, 11, 24))) == ("1,234,567", "24 November 2026")
    assert russian.day(date(2026, 11, 24)) == "24 ноября 2026\u202fг."
    assert english.dollars(Decimal("1234567.89")) == "USD\xa01,234,568"
    assert english.percent(Decimal("0.4567")) == "45.7%"
    assert texts("ar").right_to_left
    assert russian.key(Dimension.TARGET_GROUP, None) == "не указано"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de,fr;q=0.5", "fr"),
        ("zh-Hant;q=0.9", "zh"),
        ("xx", "en"),
        ("en;q=x", "en"),
    ],
)
def test_the_language_that_is_liked_best_is_chosen(accepted: str | None, language: str):
    assert liked(accepted) == language
