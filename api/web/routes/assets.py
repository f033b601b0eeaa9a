"""Style sheets and scripts."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.http import problems
from api.http.caching import FOR_EVER
from api.http.failures import Failure
from api.web.assets import FOLDER, assets

router = APIRouter(include_in_schema=False)


@router.get(f"{FOLDER}/{{file}}")
async def get_asset(file: str) -> Response:
    """A file of the pages; at its address it never changes."""
    asset = assets().get(file)
    if asset is None:
        raise Failure(problems.NO_SUCH_ADDRESS, "There is no such file; load the page again.")
    return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": FOR_EVER})
