"""What somebody may see of a list of pledges."""

from __future__ import annotations

from dataclasses import replace

from application.access import Sight
from projections.pledge_status.filters import PledgeFilters


def within(sight: Sight, filters: PledgeFilters) -> PledgeFilters:
    """The filters, and that the pledges have to be ones that somebody may know of."""
    return replace(filters, published=None if sight.everything else True, or_party=sight.organisation)
