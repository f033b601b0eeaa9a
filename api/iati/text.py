"""Text that XML can hold."""

from __future__ import annotations

import re

_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is outside the production Char of XML 1.0."""


def readable(text: str) -> str:
    """The text with the replacement character for whatever XML has no way to say."""
    return _IMPOSSIBLE.sub("\ufffd", text)
