"""What is said in a language: messages from catalogues, labels from the vocabulary, numbers and days by locale.

Messages are English sentences in the code; `catalogues/<language>.po` translate them. A message that a catalogue
lacks stays English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from babel.support import Translations

from domain import vocabulary
from domain.dimensions import Dimension, Key
from domain.geography import country
from domain.vocabulary import LANGUAGES

SOURCE = "en"
RIGHT_TO_LEFT = frozenset({"ar"})

_LISTS: Mapping[Dimension, str] = {
    Dimension.FOCUS_AREA: "focus_area",
    Dimension.PILLAR: "pillar",
    Dimension.TYPE: "pledge_type",
    Dimension.SECTOR: "sector",
    Dimension.PLEDGER_REGION: "region",
    Dimension.REGION: "region",
    Dimension.TARGET_GROUP: "country_group",
    Dimension.BENEFICIARY_GROUP: "beneficiary_group",
    Dimension.SDG: "sdg",
    Dimension.WSIS_LINE: "wsis_line",
    Dimension.LIFECYCLE: "lifecycle",
    Dimension.REPORTING: "reporting_health",
}


@dataclass(frozen=True, slots=True)
class Texts:
    """How things are said in one language (ISO 639-1)."""

    language: str

    @property
    def right_to_left(self) -> bool:
        """Whether the language is written from the right."""
        return self.language in RIGHT_TO_LEFT

    def say(self, message: str, **values: object) -> str:
        """A message of the catalogue, with the values it names."""
        return _translations(self.language).gettext(message).format(**values)

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """A message in the plural form that the number has in the language; `{n}` is the number."""
        return _translations(self.language).ngettext(one, many, n).format(n=self.number(n), **values)

    def translated(self, text: str) -> str | None:
        """A text that may be a message, such as a remedy; None where it is none, and so there in English alone."""
        if self.language == SOURCE:
            return text
        said = _translations(self.language).gettext(text)
        return None if said == text else said

    def label(self, list_name: str, code: str) -> str:
        """The label of a code of the vocabulary."""
        return vocabulary.labels(list_name)[code][self.language]

    def key(self, dimension: Dimension, key: Key) -> str:
        """What a part of a portfolio is called."""
        if key is None:
            return self.say("not stated")
        if dimension is Dimension.COUNTRY:
            found = country(str(key))
            return found.names[self.language] if found else str(key)
        return self.label(_LISTS[dimension], str(key)) if dimension in _LISTS else str(key)

    def number(self, number: int | Decimal) -> str:
        """A number with the language's separators."""
        return str(format_decimal(number, locale=self.locale))

    def dollars(self, amount: Decimal) -> str:
        """US dollars without cents: for reading, not for reckoning."""
        if not amount:
            return self.number(0)
        return str(format_currency(amount, "USD", format="¤¤\u00a0#,##0", locale=self.locale, currency_digits=False))

    def short_dollars(self, amount: Decimal) -> str:
        """US dollars in words, to one decimal: for headlines."""
        form: Literal["long", "short"] = "long" if "long" in self.locale.compact_decimal_formats else "short"
        said = format_compact_decimal(amount, format_type=form, locale=self.locale, fraction_digits=1)
        return f"USD\u00a0{said}".replace(" ", "\u00a0")

    def exact_dollars(self, amount: Decimal) -> str:
        """US dollars to the cent: for reckoning."""
        return self.exact_money(amount, "USD")

    def exact_money(self, amount: Decimal, currency: str) -> str:
        """An amount of a currency, by its ISO 4217 code, to the hundredth."""
        form = "¤¤\u00a0#,##0.00"
        return str(format_currency(amount, currency, format=form, locale=self.locale, currency_digits=False))

    def change_of_dollars(self, amount: Decimal) -> str:
        """The same with its sign, whichever that is; without a sign where nothing changed."""
        signed = "+¤¤\u00a0#,##0.00;\u2212¤¤\u00a0#,##0.00" if amount else "¤¤\u00a0#,##0.00"
        return str(format_currency(amount, "USD", format=signed, locale=self.locale, currency_digits=False))

    def change_of_number(self, number: int | Decimal) -> str:
        """A number with its sign, whichever that is; without a sign where nothing changed."""
        signed = "+#,##0.###;\u2212#,##0.###" if number else "0"
        return str(format_decimal(number, format=signed, locale=self.locale))

    def percent(self, rate: Decimal | None) -> str:
        """A share of 1 as a percentage with one decimal; a dash where there is nothing that it is of."""
        if rate is None:
            return "\u2013"
        form = self.locale.percent_formats[None].pattern.replace("#,##0", "#,##0.#")
        return str(format_percent(rate, format=form, locale=self.locale))

    def day(self, day: date) -> str:
        """A day in words."""
        # French alone writes the first day of a month as an ordinal; the locale's own form does not.
        form = "d'er' MMMM y" if self.language == "fr" and day.day == 1 else "long"
        return str(format_date(day, format=form, locale=self.locale))

    def instant(self, instant: datetime) -> str:
        """A day and a time of it, in UTC, to the second."""
        in_utc = instant.astimezone(UTC)
        return f"{format_datetime(in_utc, format='medium', locale=self.locale, tzinfo=UTC)} UTC"

    @property
    def locale(self) -> Locale:
        """The rules of the language."""
        return _locale(self.language)


def message(english: str) -> str:
    """Marks a message for the catalogues that is said elsewhere."""
    return english


def texts(language: str) -> Texts:
    """How things are said in a language. Raises KeyError for one that is not of the six."""
    if language not in LANGUAGES:
        raise KeyError(language)
    return Texts(language)


def is_complete(language: str) -> bool:
    """Whether every message is translated into a language, so that a text in it is in no other."""
    return language == SOURCE or not untranslated(language)


def untranslated(language: str) -> list[str]:
    """The messages that a language's catalogue lacks."""
    with _catalogue(language).open("rb") as file:
        return [
            str(message.id)
            for message in read_po(file)
            if message.id and (message.fuzzy or not all(_forms(message.string)))
        ]


def _forms(translated: str | tuple[str, ...] | list[str] | None) -> tuple[str | None, ...]:
    return tuple(translated) if isinstance(translated, tuple | list) else (translated,)


@cache
def _locale(language: str) -> Locale:
    # The United Nations write English as in Britain: the day before the month.
    return Locale.parse("en_GB" if language == SOURCE else language)


@cache
def _translations(language: str) -> Translations:
    if language == SOURCE:
        return Translations()
    compiled = BytesIO()
    with _catalogue(language).open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def _catalogue(language: str) -> resources.abc.Traversable:
    return resources.files("api.languages").joinpath(f"catalogues/{language}.po")
