"""All pages of the site."""

from __future__ import annotations

from fastapi import FastAPI

from api.web.routes import assets, good_practices, overview, point_in_time, publishing, record, recording, reporting


def include_pages(app: FastAPI) -> None:
    """Let the application answer with pages too."""
    for part in (overview, point_in_time, publishing, reporting, good_practices, record, recording, assets):
        app.include_router(part.router)
