"""The primary is killed under load, and its synchronous standby promoted; the service knows both by one address.

Pass: the service writes again within ten seconds of the promotion, without a restart; no acknowledged event is lost and
none is there twice; checkpoints from before are consistent with those after, signing goes on, and read models are
complete.
"""

import json
import time
from pathlib import Path

import httpx
import pytest

from infrastructure.settings import Settings
from tests.faults.load import clients_at_work, prepared
from tests.faults.serving import require_ends_well, serving
from tests.faults.standby import acknowledge_only_what_the_standby_has, primary_and_standby, whichever_writes
from tests.faults.verdict import require_nothing_lost
from tests.service_process import ServiceProcess, data_folder, p2c

pytestmark = pytest.mark.database

SERVES_AGAIN_WITHIN_SECONDS = 10


def test_the_service_follows_to_the_promoted_standby_and_nothing_is_lost() -> None:
    with data_folder() as folder, primary_and_standby(folder) as (primary, standby):
        acknowledge_only_what_the_standby_has(primary)
        settings = Settings(database_url=whichever_writes(primary, standby), data_dir=folder)
        target = prepared(settings)
        with serving(settings) as service, clients_at_work(service.address, target) as load:
            load.require_progress_of_all(within=20)
            before = signed_after(service, 0)

            primary.kill()
            standby.promote()

            load.require_progress(within=SERVES_AGAIN_WITHIN_SECONDS)
            signed_after(service, size(before))
            load.stop()
            require_ends_well(service)

        require_nothing_lost(settings, load)
        require_grown_since(before, folder)
        assert doctors_verdict(settings) == "ok", "it finds the primary by the same address"


def signed_after(service: ServiceProcess, least: int) -> bytes:
    """A checkpoint of more entries than these, as soon as there is one."""
    deadline = time.monotonic() + SERVES_AGAIN_WITHIN_SECONDS
    while True:
        answer = httpx.get(f"{service.address}/v1/ledger/checkpoint", timeout=30)
        if answer.status_code == 200 and size(answer.content) > least:
            return answer.content
        assert time.monotonic() < deadline, f"nothing was signed within {SERVES_AGAIN_WITHIN_SECONDS} seconds"
        time.sleep(0.05)


def size(checkpoint: bytes) -> int:
    return int(checkpoint.splitlines()[1])


def require_grown_since(checkpoint: bytes, folder: Path) -> None:
    """The bundle that was exported in the end has all that the checkpoint had."""
    (folder / "before.txt").write_bytes(checkpoint)
    verified = p2c("verify", str(folder / "bundle.zip"), "--since", str(folder / "before.txt"))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def doctors_verdict(settings: Settings) -> str:
    answer = p2c("doctor", "--json", database_url=settings.database_url, data_dir=settings.data_dir)
    return str(json.loads(answer.stdout)["verdict"])
