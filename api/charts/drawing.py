"""Charts as SVG, in one restrained style: no colour says anything that a label or a dash does not say too."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

INK, MUTED, GRID = "#1d2b36", "#5b6b78", "#dde3e8"
SERIES = ("#0b5394", "#2a9d8f", "#8a5a00")
DASHES = ([1, 0], [6, 3], [2, 2])
GOAL = "#9b2226"
WIDTH = 560
ROOM_FOR_FIGURES = 1.5
"""How much wider than the longest bar its row is, so that the figure at its end has room."""

KEPT = 256
"""How many charts are kept, the last that were asked for: of a few ten kilobytes each, and a report has seven."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its name, its length, and what is written at its end."""

    name: str
    length: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points in time."""

    name: str
    points: Sequence[tuple[date, float]]


def bars(data: Sequence[Bar], *, font: str) -> str:
    """Horizontal bars in the order given, each with its figure beside it."""
    return _bars(tuple(data), font)


def lines(data: Sequence[Line], *, goal: float, goal_label: str, in_billions: str, font: str) -> str:
    """Lines over time towards a goal; each is named at its end and has a dash of its own."""
    return _lines(tuple(Line(line.name, tuple(line.points)) for line in data), goal, goal_label, in_billions, font)


@lru_cache(KEPT)
def _bars(data: tuple[Bar, ...], font: str) -> str:
    # Here and below: loading it takes a third of a second, which no other command and no start should wait for.
    import altair as alt  # noqa: PLC0415

    rows = [{"name": bar.name, "length": bar.length, "label": bar.label} for bar in data]
    longest = max((bar.length for bar in data), default=0.0) or 1.0
    named = alt.Axis(labelLimit=420, domain=False, ticks=False)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y(
            "name:N",
            sort=[bar.name for bar in data],
            title=None,
            axis=named,
        ),
        x=alt.X("length:Q", title=None, axis=None, scale=alt.Scale(domain=[0, longest * ROOM_FOR_FIGURES])),
    )
    drawn = base.mark_bar(color=SERIES[0], height=14) + base.mark_text(
        align="left", dx=5, color=INK, fontSize=11
    ).encode(text="label:N")
    return _svg(drawn.properties(width=WIDTH - 240, height=max(24 * len(data), 24)), font)


@lru_cache(KEPT)
def _lines(data: tuple[Line, ...], goal: float, goal_label: str, in_billions: str, font: str) -> str:
    import altair as alt  # noqa: PLC0415

    rows = [{"day": day.isoformat(), "value": value, "line": line.name} for line in data for day, value in line.points]
    names = [line.name for line in data]
    colour = alt.Color("line:N", sort=names, legend=alt.Legend(title=None, orient="top"))
    scaled = colour.scale(domain=names, range=list(SERIES[: len(names)]))
    dash = alt.StrokeDash("line:N", sort=names, legend=alt.Legend(title=None, orient="top"))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(format="%Y", tickCount="year", grid=False)),
        y=alt.Y("value:Q", title=in_billions, axis=alt.Axis(tickCount=5)),
    )
    drawn = base.mark_line(strokeWidth=2, interpolate="step-after").encode(
        color=scaled, strokeDash=dash.scale(domain=names, range=[list(dash) for dash in DASHES[: len(names)]])
    )
    rule = alt.Chart(alt.InlineData(values=[{"goal": goal, "label": goal_label}])).encode(y="goal:Q")
    marked = rule.mark_rule(color=GOAL, strokeDash=[8, 4]) + rule.mark_text(
        align="left", baseline="bottom", dx=4, dy=-3, x=0, color=GOAL, fontSize=11
    ).encode(text="label:N")
    return _svg((drawn + marked).properties(width=WIDTH - 60, height=240), font)


def _svg(chart: alt.LayerChart, font: str) -> str:
    """The chart as SVG; the same for the same chart, whichever was drawn before it."""
    import vl_convert  # noqa: PLC0415

    axis = {"labelColor": INK, "titleColor": MUTED, "gridColor": GRID, "tickColor": GRID, "domainColor": GRID}
    configured = chart.configure(font=font, background="transparent").configure_view(stroke=None)
    specification: dict[str, Any] = configured.configure_axis(**axis).configure_legend(labelColor=INK).to_dict()
    # Names that the library numbers through the life of the process would make each drawing another.
    drawn = vl_convert.vegalite_to_svg(
        re.sub(r'"view_\d+"', '"view"', json.dumps(specification, sort_keys=True, ensure_ascii=False))
    )
    return str(drawn)
