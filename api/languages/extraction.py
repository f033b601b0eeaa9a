"""What is said anywhere in the code, and the catalogues brought up to date with it: `make messages`.

A message is a literal in a call of `say`, `count` or `message`, in code and templates, or a title or a remedy of a
problem that holds no values. What was translated stays, what is no longer said goes, and nothing is guessed from a
message that is alike.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from api.http.problems import OF_REFUSALS, PROBLEMS
from api.languages.texts import SOURCE
from domain import refusals
from domain.vocabulary import LANGUAGES

TRANSLATED = tuple(language for language in LANGUAGES if language != SOURCE)
"""The languages that have a catalogue."""

KEYWORDS = {"say": None, "message": None, "count": (1, 2)}
"""The calls that say something, and which of their arguments they say: the first, or the first and second as plural."""

PLACES = (("cli/**", "ignore"), ("**.py", "python"), ("web/templates/**.html", "jinja2"))
"""Where such calls are, and how they are found; the command line speaks English."""

_API = Path(__file__).parents[1]
_CATALOGUES = _API / "languages" / "catalogues"
_WIDTH = 120

MessageId = str | tuple[str, str]
"""A message, or its singular and its plural."""


def said() -> Catalog:
    """Every message, untranslated."""
    found = Catalog()
    for message in (*_called(), *_of_problems(), *_of_refusals()):
        found.add(message)
    return found


def catalogue(language: str) -> Catalog:
    """The catalogue of a language as it stands."""
    with (_CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> bytes:
    """The catalogue of a language as it should stand: the same bytes as long as the messages are the same."""
    old, new = catalogue(language), Catalog(locale=language)
    for message in said():
        kept = old.get(message.id[0] if isinstance(message.id, tuple) else message.id)
        new.add(message.id, kept.string if kept and kept.pluralizable == message.pluralizable else None)
    return _header(new) + _body(new)


def update() -> None:
    """Bring every catalogue up to date."""
    for language in TRANSLATED:
        (_CATALOGUES / f"{language}.po").write_bytes(updated(language))


def _called() -> Iterator[MessageId]:
    for _, _, message, _, _ in extract_from_dir(_API, PLACES, keywords=KEYWORDS):
        yield message if isinstance(message, str) else (message[0], message[1])


def _of_problems() -> Iterator[MessageId]:
    for problem in PROBLEMS.values():
        yield problem.title
        if problem.name not in {refused.name for refused in OF_REFUSALS.values()}:
            yield problem.remedy


def _of_refusals() -> Iterator[MessageId]:
    # Each refusal says its own remedy, in the place of that of its problem.
    for node in ast.walk(ast.parse(inspect.getsource(refusals))):
        if isinstance(node, ast.keyword) and node.arg == "remedy" and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def _header(new: Catalog) -> bytes:
    # Babel's own has dates and names, which would differ each time.
    fields = (("Language", new.locale_identifier), ("Content-Type", "text/plain; charset=utf-8"))
    lines = [f'"{name}: {value}\\n"\n' for name, value in (*fields, ("Plural-Forms", new.plural_forms))]
    return ('msgid ""\nmsgstr ""\n' + "".join(lines) + "\n").encode()


def _body(new: Catalog) -> bytes:
    written = BytesIO()
    write_po(written, new, width=_WIDTH, omit_header=True, no_location=True, sort_output=True)
    return written.getvalue()


if __name__ == "__main__":
    update()
