"""Opening what a command works on: the service that the settings name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from infrastructure.bootstrap import Service, open_service
from infrastructure.settings import Settings
from infrastructure.telemetry import log_to_standard_error


@contextmanager
def the_service() -> Iterator[Service]:
    """The service for a single command, on the ledger the settings name; warnings go to standard error."""
    settings = Settings.from_environment()
    # A command that is over in a second has no need to tell what it is about to do.
    log_to_standard_error("warning" if settings.log_level == "info" else settings.log_level, json=not _is_seen())
    with open_service(settings) as service:
        yield service


def _is_seen() -> bool:
    return sys.stderr.isatty()
