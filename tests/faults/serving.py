"""A service, a real process, under these settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infrastructure.settings import Settings
from tests.service_process import ServiceProcess, free_port


@contextmanager
def serving(settings: Settings, *, port: int | None = None) -> Iterator[ServiceProcess]:
    """The service, as soon as it is ready; killed in the end, unless it has ended."""
    named = {name: getattr(settings, name) for name in settings.model_fields_set}
    with ServiceProcess(port or free_port(), log_level="warning", **named) as service:
        service.wait_until_ready()
        yield service


def require_ends_well(service: ServiceProcess) -> str:
    """Tell it to stop, and make sure that it ends as it should; what it had to say meanwhile."""
    exit_code, _, errors = service.terminate()
    assert exit_code == 0, errors
    return errors
