"""The whole ledger as a file to take along."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from api.http import problems
from api.http.caching import NO_STORE
from api.http.failures import Failure
from infrastructure.bootstrap import Service
from infrastructure.bundles import NothingSigned


def bundle_file(service: Service) -> FileResponse:
    """A bundle, which is taken away once it is sent. Raises Failure while nothing is signed."""
    with tempfile.NamedTemporaryFile(prefix="p2c-bundle-", suffix=".zip", delete=False) as file:
        path = Path(file.name)
        try:
            service.bundles.write(file)
        except NothingSigned as nothing:
            path.unlink()
            raise Failure(problems.NOT_SIGNED, f"{str(nothing).capitalize()}.") from nothing
        except BaseException:
            path.unlink()
            raise
    return FileResponse(
        path,
        media_type="application/zip",
        filename="p2c-ledger.zip",
        headers=NO_STORE,
        background=BackgroundTask(path.unlink, missing_ok=True),
    )
