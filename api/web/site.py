"""All pages of the site."""

from __future__ import annotations

from fastapi import FastAPI

from api.web.routes import assets, organisation, overview, pledge, pledges


def include_pages(app: FastAPI) -> None:
    """Let the application answer with pages too."""
    for part in (overview, pledges, pledge, organisation, assets):
        app.include_router(part.router)
