"""The primary is killed under load, and its synchronous standby promoted; the service knows both by one address.

Pass: the service writes again within ten seconds of the promotion, without a restart; no acknowledged event is lost and
none is there twice; checkpoints from before are consistent with those after, signing goes on, and read models are
complete.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from infrastructure.settings import Settings
from tests.faults.load import clients_at_work, prepared
from tests.faults.standby import acknowledge_only_what_the_standby_has, primary_and_standby, whichever_writes
from tests.faults.verdict import require_nothing_lost
from tests.service_process import ServiceProcess, data_folder, free_port, p2c

pytestmark = pytest.mark.database

SERVES_AGAIN_WITHIN_SECONDS = 10


def test_the_service_follows_to_the_promoted_standby_and_nothing_is_lost() -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(data_folder())
        primary, standby = stack.enter_context(primary_and_standby(folder))
        acknowledge_only_what_the_standby_has(primary)
        settings = Settings(database_url=whichever_writes(primary, standby), data_dir=folder)
        how = settings.model_dump(include={"database_url", "data_dir"})
        target = prepared(settings)
        service = ServiceProcess(free_port(), log_level="error", **how)
        stack.callback(service.kill)
        service.wait_until_ready()
        with clients_at_work(service.address, target) as load:
            time.sleep(1.5)
            before = folder / "before.txt"
            before.write_bytes(checkpoint(service))
            assert doctors_verdict(how) == "ok"

            primary.kill()
            standby.promote()

            acknowledged = load.acknowledged
            soon(SERVES_AGAIN_WITHIN_SECONDS, lambda: load.acknowledged > acknowledged + len(load.clients))
            soon(SERVES_AGAIN_WITHIN_SECONDS, lambda: size(checkpoint(service)) > size(before.read_bytes()))
            load.stop()
        assert service.terminate()[0] == 0

        require_nothing_lost(settings, load)
        verified = p2c("verify", str(folder / "bundle.zip"), "--since", str(before))
        assert verified.returncode == 0, verified.stdout + verified.stderr


def checkpoint(service: ServiceProcess) -> bytes:
    """The latest one; nothing while the database is away."""
    answer = httpx.get(f"{service.address}/v1/ledger/checkpoint", timeout=30)
    return answer.content if answer.status_code == 200 else b""


def size(checkpoint: bytes) -> int:
    return int(checkpoint.splitlines()[1]) if checkpoint else 0


def doctors_verdict(how: Mapping[str, Any]) -> str:
    """Of the whole: it finds the primary by the same address."""
    return str(json.loads(p2c("doctor", "--json", **how).stdout)["verdict"])


def soon(seconds: float, so: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.05)
