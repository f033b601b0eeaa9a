"""Text as it is searched: whoever looks for it need not know how it was typed."""

from __future__ import annotations

import unicodedata


def searchable(*texts: str) -> str:
    """The texts, a line each, without regard to case and to how their characters are composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", "\n".join(texts)).casefold())


def words(query: str) -> tuple[str, ...]:
    """The words somebody looks for, in the form in which texts are searched."""
    return tuple(searchable(query).split())
