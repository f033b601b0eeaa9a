"""The language that a reader likes best (RFC 9110, Accept-Language)."""

from __future__ import annotations

from typing import Literal, get_args

from babel import negotiate_locale

from api.languages.texts import SOURCE
from domain.vocabulary import LANGUAGES

Language = Literal["ar", "en", "es", "fr", "ru", "zh"]
"""One of the six languages of the United Nations, as addresses name it."""

assert set(get_args(Language)) == set(LANGUAGES)


def liked(accept_language: str | None) -> str:
    """The language of the six that is liked best; English where none is."""
    wanted = sorted((_range(part) for part in (accept_language or "").split(",") if part.strip()), reverse=True)
    tags = [tag.replace("-", "_") for quality, _, tag in wanted if quality > 0]
    found = negotiate_locale(tags, LANGUAGES, sep="_") if tags else None
    return found.partition("_")[0] if found else SOURCE


def _range(part: str) -> tuple[float, int, str]:
    tag, _, parameter = part.strip().partition(";")
    name, _, value = parameter.strip().partition("=")
    try:
        quality = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        quality = 0.0
    return quality, -len(part), tag.strip()
