"""Which version of the service is running; the one place that knows."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

UNINSTALLED = "0.0.0+checkout"
"""What a checkout says of itself that runs without having been installed."""


def p2c_version() -> str:
    """The version of the installed package."""
    try:
        return version("p2c-ledger")
    except PackageNotFoundError:
        return UNINSTALLED
