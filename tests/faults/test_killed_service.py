"""A service that is killed again and again, while clients go on.

The service is a real process on its own server; SIGKILL comes at random moments. A client that gets no answer sends
the same command again, as clients do, under the same idempotency key.

It passes when every command that was acknowledged is in the ledger once, with both its events, and nothing that was
not; when the read models are what a rebuild makes of the ledger; and when the exported ledger verifies.
"""

import random
import time
from collections.abc import Iterator

import pytest

from infrastructure.settings import Settings
from tests.faults.load import clients_at_work, prepared
from tests.faults.serving import require_ends_well, serving
from tests.faults.verdict import require_nothing_lost
from tests.service_process import data_folder, free_port

pytestmark = pytest.mark.database
"""It starts a server of its own."""

KILLS = 4


@pytest.fixture
def settings() -> Iterator[Settings]:
    with data_folder() as folder:
        yield Settings(data_dir=folder)


def test_a_killed_service_loses_nothing_it_acknowledged_and_does_nothing_by_halves(settings: Settings) -> None:
    target, port, moments = prepared(settings), free_port(), random.Random()
    with clients_at_work(f"http://127.0.0.1:{port}", target) as load:
        for _ in range(KILLS):
            with serving(settings, port=port) as service:
                time.sleep(moments.uniform(0.2, 1.2))
                service.kill()
        with serving(settings, port=port) as service:
            load.stop()
            require_ends_well(service)

    assert load.unanswered > 0, "no kill hit a command in flight"
    require_nothing_lost(settings, load)
