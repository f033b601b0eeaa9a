"""What a part of the values is not above."""

from __future__ import annotations

import math
from collections.abc import Sequence


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest of the values that this part of them does not exceed; there is at least one value."""
    in_order = sorted(values)
    return in_order[max(0, math.ceil(part * len(in_order)) - 1)]
