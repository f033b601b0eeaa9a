"""What is said in each language, and what is still said in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from jinja2 import nodes

from api.http.languages import liked
from api.languages.extraction import KEYWORDS, TRANSLATED, catalogue, said, updated
from api.languages.texts import is_complete, texts, untranslated
from api.web.rendering import environment
from domain import vocabulary
from domain.dimensions import Dimension
from domain.vocabulary import LANGUAGES

API = Path(__file__).parents[3] / "api"
TEMPLATES = API / "web" / "templates"

CODE = re.compile(r"`[^`]*`|\{[^}]*\}|/\w[\w./]*\w|\bp2c_", re.ASCII)
"""What is written the same in every language: what a program reads, a value's place, an address."""

SAY_THEIR_NUMBER = {"ar": (0, 1, 2)}
"""The plural forms that are for one number alone, and so may say it in words."""

ARABIC_KEEPS = {
    *("API", "Atom", "BDT", "CSV", "IATI", "JSON", "OIDC", "P2C", "PDF", "RFC", "SHA", "UTC", "UTF", "XLSX"),
    *("Connect", "NaN", "OpenID", "Partner2Connect"),
}
"""Names and codes that Arabic keeps in Latin letters."""


def translated(language: str) -> Iterator[tuple[Message, list[str]]]:
    """Every message of a language's catalogue, and what it is in each form."""
    for message in catalogue(language):
        if message.id:
            forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
            yield message, [str(form) for form in forms]


def pairs(language: str) -> list[tuple[str, str]]:
    """Every text of a language beside its English, which for each form of a plural is the plural."""
    return [
        (message.id[-1] if isinstance(message.id, tuple | list) else str(message.id), form)
        for message, forms in translated(language)
        for form in forms
    ]


def signs(text: str) -> str:
    """A text without what is written the same in every language."""
    return CODE.sub("", text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_catalogue_has_what_is_said_and_nothing_else(language: str):
    stored = (API / "languages" / "catalogues" / f"{language}.po").read_bytes()
    assert stored == updated(language), "run make messages"


def test_what_is_said_in_code_on_pages_and_by_problems_is_found():
    messages = said()
    assert messages.get("Closing balance")
    assert messages.get("Skip to the content")
    assert messages.get("The database does not answer")
    assert messages.get("A decision is made once.")
    plural = messages.get("by {n} organisation")
    assert plural
    assert plural.id == ("by {n} organisation", "by {n} organisations")


def calls_in_code() -> Iterator[tuple[str, ast.Call]]:
    """Every call in our code that may say something; the command line speaks English."""
    for path in set(API.rglob("*.py")) - set((API / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in KEYWORDS:
                    yield str(path.relative_to(API)), node


def test_a_message_in_code_is_a_whole_literal_so_that_it_is_found():
    messages = said()
    for path, call in calls_in_code():
        first, where = call.args[0], f"{path}:{call.lineno}"
        assert not isinstance(first, ast.JoinedStr | ast.BinOp | ast.IfExp), where
        if isinstance(first, ast.Constant) and (len(call.args) > 1 or "count" not in ast.unparse(call.func)):
            assert messages.get(str(first.value)), f"{where} is not found: keep calls out of its values"


def test_a_message_in_a_template_is_a_whole_literal_so_that_it_is_found():
    for path in TEMPLATES.rglob("*.html"):
        for call in environment().parse(path.read_text()).find_all(nodes.Call):
            where = f"{path.relative_to(TEMPLATES)}:{call.lineno}"
            if isinstance(call.node, nodes.Getattr):
                assert call.node.attr not in KEYWORDS, f"{where}: call say and count by their names"
            if isinstance(call.node, nodes.Name) and call.node.name in KEYWORDS:
                built = (nodes.CondExpr, nodes.Concat, nodes.Add, nodes.Mod)
                assert not isinstance(call.args[0], built), where


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_complete(language: str):
    assert language == "en" or untranslated(language) == []
    assert is_complete(language)


def test_a_language_whose_catalogue_lacks_a_message_is_not_complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "xx.po").write_text('msgid "Day"\nmsgstr ""\n\nmsgid "Goal"\nmsgstr "Ziel"\n')
    monkeypatch.setattr("api.languages.texts._catalogue", lambda language: tmp_path / f"{language}.po")
    assert untranslated("xx") == ["Day"]
    assert not is_complete("xx")


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_message_with_a_plural_has_every_plural_of_the_language(language: str):
    for message, forms in translated(language):
        assert len(forms) == (catalogue(language).num_plurals if message.pluralizable else 1), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_name_the_same_values_and_codes(language: str):
    for message, forms in translated(language):
        english = message.id[-1] if isinstance(message.id, tuple | list) else str(message.id)
        for number, form in enumerate(forms):
            found, wanted = CODE.findall(form), CODE.findall(english)
            if (
                message.pluralizable
                and number in SAY_THEIR_NUMBER.get(language, ())
                and "{n}" in set(wanted) - set(found)
            ):
                wanted.remove("{n}")
            assert sorted(found) == sorted(wanted), form


ENDS = {".": ".。", ":": ":：", "?": "?؟？", "!": "!！"}
"""What ends a sentence in English, and what does it in other languages."""


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_end_as_the_message_does_and_have_no_stray_spaces(language: str):
    for english, form in pairs(language):
        assert form == form.strip(), form
        assert "  " not in form, form
        ends = ENDS.get(english[-1])
        assert form[-1] in ends if ends else form[-1] not in "".join(ENDS.values()), form


@pytest.mark.parametrize("language", TRANSLATED)
def test_quotation_marks_are_those_of_the_language(language: str):
    for _, form in pairs(language):
        assert '"' not in signs(form), form


NARROW, WIDE = "\u202f", "\u00a0"


def test_french_keeps_signs_on_the_line_of_their_word():
    of_codes = [label["fr"] for name in vocabulary.catalogue() for label in vocabulary.labels(name).values()]
    for form in (*(form for _, form in pairs("fr")), *of_codes):
        text = signs(re.sub(r"https?://\S*|\d:\d", "", form))
        assert not re.search(rf"(?<![{NARROW}{WIDE}])[;:!?»]|«(?![{NARROW}{WIDE}])", text), form
        assert "'" not in text, form


def test_spanish_opens_what_it_closes():
    for _, form in pairs("es"):
        for opening, closing in ("¿?", "¡!"):
            assert form.count(opening) == form.count(closing), form


def test_russian_has_no_latin_words_and_a_dash_keeps_its_word():
    for _, form in pairs("ru"):
        assert " - " not in form, form
        assert not re.search(r"(?<!\u00a0)\u2014", form), form


def test_arabic_has_its_own_signs_and_no_latin_sentence():
    for _, form in pairs("ar"):
        text = re.sub("\u2066[^\u2069]*\u2069", "", signs(form))  # written from the left, and kept apart for it
        assert not re.search(r"[,;?](?!\d)", text), form
        assert set(re.findall(r"[A-Za-z][A-Za-z0-9]*", text)) <= ARABIC_KEEPS, form


def test_chinese_has_full_width_signs():
    for _, form in pairs("zh"):
        assert not re.search(r"[\u3400-\u9fff}`][,;:?!()]|[,;:?!()][\u3400-\u9fff{`]", form), form
        assert not re.search(r"[\u3400-\u9fff]\.", form), form


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
    shares = {"en": "45.7%", "fr": "45,7\u00a0%", "es": "45,7\u00a0%", "ru": "45,7\u00a0%", "zh": "45.7%"}
    assert {language: texts(language).percent(Decimal("0.4567")) for language in shares} == shares
    assert texts("fr").day(date(2026, 1, 1)) == "1er janvier 2026"
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
