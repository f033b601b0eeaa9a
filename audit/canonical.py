"""RFC 8785 canonical JSON, for the documents the ledger stores.

Only what those documents contain is supported: objects with ASCII keys, arrays, strings, booleans and integers
up to 2**53; decimals are strings. For these the standard encoder with sorted keys gives the bytes of RFC 8785,
which a property test holds against an independent implementation.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec

_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical(document: object) -> bytes:
    """The canonical bytes of a document, in UTF-8.

    Raises UnicodeEncodeError for unpaired surrogates, which have no canonical form.
    """
    return _encode(document).encode()


canonical_of_whole_numbers: Callable[[object], bytes] = msgspec.json.Encoder(order="sorted").encode
"""The same bytes, in a seventh of the time, where no number of the document has a fraction or an exponent."""
