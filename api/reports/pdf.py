"""A document as PDF, set by typst from a template of ours; texts are handed over as data, never as markup."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from api.reports.blocks import Block, Contents, Grid, Paragraph, Picture, Quotation

FONT = "Libertinus Serif"
"""Comes with typst: Latin, Cyrillic and Greek letters."""

LANGUAGES = ("en", "es", "fr", "ru")
"""The languages whose letters the font has. Arabic and Chinese would come out as boxes."""


class NoLettersForLanguage(Exception):
    """The font that PDFs are set in lacks the letters of a language."""

    def __init__(self, language: str) -> None:
        super().__init__(f"PDF is made in {', '.join(LANGUAGES)}; in {language} the report comes as a page (HTML)")


def pdf(contents: Contents) -> bytes:
    """The PDF; the same bytes for the same contents. Raises NoLettersForLanguage."""
    if contents.language not in LANGUAGES:
        raise NoLettersForLanguage(contents.language)
    # Loaded with the first PDF: seven megabytes, which a service at rest does without.
    import typst  # noqa: PLC0415

    template = resources.files("api.reports").joinpath("report.typ").read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="p2c-report-") as name:
        folder = Path(name)
        (folder / "report.typ").write_text(template, "utf-8")
        (folder / "report.json").write_text(json.dumps(_data(contents, folder)), "utf-8")
        set_as = typst.compile(
            str(folder / "report.typ"), root=str(folder), format="pdf", timestamp=0, ignore_system_fonts=True
        )
    return bytes(set_as)


def _data(contents: Contents, folder: Path) -> dict[str, Any]:
    sections = [
        {
            "title": section.title,
            "blocks": [_block(block, f"{n}-{m}.svg", folder) for m, block in enumerate(section.blocks)],
        }
        for n, section in enumerate(contents.sections)
    ]
    return {
        "title": contents.title,
        "subtitle": contents.subtitle,
        "notice": contents.notice,
        "language": contents.language,
        "evidence": contents.evidence,
        "fonts": [FONT],
        "sections": sections,
    }


def _block(block: Block, file: str, folder: Path) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", **asdict(block)}
        case Grid():
            return {"kind": "grid", **asdict(block)}
        case Picture(caption=caption, svg=svg):
            (folder / file).write_text(svg, "utf-8")
            return {"kind": "picture", "caption": caption, "file": file}
        case Quotation():
            return {"kind": "quotation", **asdict(block)}
