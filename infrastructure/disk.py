"""Room on the disk that the data folder is on."""

from __future__ import annotations

import shutil
from pathlib import Path

from infrastructure.examination import Finding, Verdict

GIB = 1024**3
WARNING_BELOW = 2 * GIB
ERROR_BELOW = GIB // 4


def examine_disk(data_dir: Path) -> Finding:
    """Whether there is room for the ledger to grow; a full disk stops PostgreSQL."""
    folder = data_dir.expanduser().resolve()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return disk_finding(folder, shutil.disk_usage(existing).free)


def disk_finding(folder: Path, free: int) -> Finding:
    """What so many free bytes for a folder mean."""
    message = f"{free / GIB:.1f} GiB free for {folder}"
    if free >= WARNING_BELOW:
        return Finding(check="disk", verdict=Verdict.OK, message=message)
    verdict = Verdict.WARNING if free >= ERROR_BELOW else Verdict.ERROR
    advice = "Make room, or move the folder and name its new place with P2C_DATA_DIR."
    return Finding(check="disk", verdict=verdict, message=message, advice=advice)
