"""All read models."""

from __future__ import annotations

from collections.abc import Mapping

from projections.organisations.changes import ORGANISATIONS
from projections.pledge_status.changes import PLEDGE_STATUS
from projections.portfolio.building import PORTFOLIO
from projections.read_model import ReadModel
from projections.timeline.changes import TIMELINE
from projections.transparency.changes import TRANSPARENCY

READ_MODELS: tuple[ReadModel, ...] = (PLEDGE_STATUS, TIMELINE, ORGANISATIONS, PORTFOLIO, TRANSPARENCY)

VERSIONS: Mapping[str, int] = {model.name: model.version for model in READ_MODELS}
"""The version of each that this program has."""
