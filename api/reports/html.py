"""A document as one HTML page that needs nothing from anywhere: no script, no font, no picture of another place."""

from __future__ import annotations

from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from api.reports.blocks import Contents, Grid, Paragraph, Picture, Quotation

FONT = "system-ui, 'Noto Sans', sans-serif"
"""What charts are lettered in: the reader's own."""


def page(contents: Contents) -> bytes:
    """The page; whatever the texts have in them, they are shown as text."""
    return _template().render(document=contents, style=Markup(style())).encode()  # noqa: S704 - it is ours


@cache
def style() -> str:
    """The page's one style sheet, which stands in it."""
    return _source("report.css")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    # A drawing is ours: vl-convert escapes the texts in it.
    environment.filters["drawing"] = Markup
    blocks = {"paragraph": Paragraph, "grid": Grid, "picture": Picture, "quotation": Quotation}
    for name, kind in blocks.items():
        environment.tests[name] = lambda block, kind=kind: isinstance(block, kind)
    return environment.get_template("report.html")


def _source(name: str) -> str:
    return resources.files("api.reports").joinpath(name).read_text("utf-8")
