"""What somebody may see, in the words of the read models."""

from __future__ import annotations

from dataclasses import replace

from application.access import Sight
from projections.pledge_status.filters import PledgeFilters
from projections.timeline.channel import Audience


def within(sight: Sight, filters: PledgeFilters) -> PledgeFilters:
    """The filters, and that the pledges have to be ones that somebody may know of."""
    return replace(filters, published=None if sight.everything else True, or_party=sight.organisation)


def audience_of(sight: Sight) -> Audience:
    """Who is told what happens, by what they may know of."""
    return Audience(everything=sight.everything, organisation=sight.organisation)
