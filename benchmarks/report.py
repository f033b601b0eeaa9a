"""The page that says what was found: tables, and a picture of what was reached of each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import altair as alt
import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.bench import CONNECTIONS, Sizes
from benchmarks.machine import Machine
from benchmarks.measures import OURS, Measure, Verdict, plain
from benchmarks.serving_requests import READ
from benchmarks.workload import LIFE

TEMPLATE = "performance.md.jinja"
DECADES = [10.0**n for n in range(-4, 5)]
REACHED, SHORT = "#0b7a3e", "#b3261e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a run found."""

    machine: Machine
    measures: Sequence[Measure]
    sizes: Sizes
    full: bool
    today: date

    @property
    def verdicts(self) -> Sequence[tuple[Measure, Verdict]]:
        """Every target, with the measure it belongs to."""
        return [(measure, verdict) for measure in self.measures for verdict in measure.verdicts()]

    def page(self) -> str:
        """The page, as Markdown."""
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent),
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
        )
        environment.filters.update(plain=plain, ours_is=ours_is)
        return environment.get_template(TEMPLATE).render(
            machine=self.machine,
            measures=self.measures,
            verdicts=self.verdicts,
            notes=list(dict.fromkeys(f"{m.title}: {note}" for m in self.measures for note in m.notes)),
            rounds=self.sizes.rounds,
            full=self.full,
            today=self.today.isoformat(),
            life=LIFE,
            connections=CONNECTIONS,
            read=f"{READ:,}",
        )

    def picture(self) -> str:
        """What was found of each target, as a multiple of it, as SVG."""
        rows: list[dict[str, object]] = [
            {
                "target": f"{measure.title}: {verdict.wanted}",
                "share": verdict.share,
                "found": verdict.found,
                "reached": "reached" if verdict.reached else "not reached",
            }
            for measure, verdict in self.verdicts
            if verdict.share is not None
        ]
        svg: str = vl_convert.vegalite_to_svg(_chart(rows).to_dict())
        return svg

    def write(self, page: Path) -> None:
        """Write the page, and its picture beside it."""
        picture = page.parent / "images" / "performance.svg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(self.page())
        picture.write_text(self.picture())


def ours_is(measure: Measure, contender: str) -> str:
    """How many times as good as a contender ours is, for a table; nothing where that says nothing."""
    times = None if contender.startswith(OURS) else measure.times_as_good(OURS, contender)
    return "" if times is None else f"{plain(times)} ×"


def _chart(rows: Sequence[dict[str, object]]) -> alt.LayerChart | alt.FacetChart:
    base = alt.Chart(alt.InlineData(list(rows))).encode(
        y=alt.Y("target:N", sort=None, title=None, axis=alt.Axis(labelLimit=520)),
        x=alt.X(
            "share:Q",
            title="times what was to be reached",
            scale=alt.Scale(type="log"),
            axis=alt.Axis(format="~g", values=DECADES),
        ),
    )
    colours = alt.Color(
        "reached:N",
        title=None,
        scale=alt.Scale(domain=["reached", "not reached"], range=[REACHED, SHORT]),
        legend=alt.Legend(orient="top"),
    )
    points = base.mark_point(filled=True, size=90).encode(color=colours)
    words = base.mark_text(align="left", dx=9).encode(text="found:N")
    line = alt.Chart(alt.InlineData([{"one": 1}])).mark_rule(strokeDash=[4, 3]).encode(x="one:Q")
    return alt.layer(line, points, words).properties(width=520, height={"step": 26})
