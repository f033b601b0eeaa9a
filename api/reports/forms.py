"""The progress report in the forms in which people read it."""

from __future__ import annotations

from enum import StrEnum

from api.languages.texts import texts
from api.reports import html, pdf
from api.reports.contents import contents
from domain.progress.report import ProgressReport


class ReadingForm(StrEnum):
    """A form to read, by its media type."""

    HTML = "text/html"
    PDF = "application/pdf"


def written(report: ProgressReport, form: str, language: str) -> bytes:
    """The report in a language: a page, or a PDF. Raises NoLettersForLanguage for a PDF that cannot be lettered."""
    if ReadingForm(form) is ReadingForm.PDF:
        return pdf.pdf(contents(report, texts(language), font=pdf.FONT))
    return html.page(contents(report, texts(language), font=html.FONT))
