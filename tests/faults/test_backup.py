"""Backups made under load and restored as docs/backup.md says; and one that is older than what was signed.

Pass: a copy of the server and an export come back with the same entries and snapshots, guarded as before, verifiable,
and writable; a restored ledger that lacks what was signed is noticed, not signed, not written to, and read.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from application.commands import Request
from application.sample.story import BDT
from domain.dimensions import Division
from domain.publication import Publish
from domain.vocabulary import Role
from infrastructure.bootstrap import database, open_on
from infrastructure.settings import Settings
from tests.api.http.register import Client
from tests.faults.load import Target, clients_at_work, prepared
from tests.faults.verdict import require_read_models_as_rebuilt
from tests.postgres_server import PostgresServer
from tests.service_process import ROOT, ServiceProcess, data_folder, environment, free_port, p2c

pytestmark = pytest.mark.database

PAGE = (ROOT / "docs" / "backup.md").read_text("utf-8")
COPY, RESTORE_COPY, EXPORT, RESTORE_EXPORT, CHECK = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Kept:
    """A ledger that has grown since its backups were made, and where they are; `bdt` is one of BDT's tokens."""

    folder: Path
    target: Target
    bdt: str

    @property
    def original(self) -> Path:
        """The data folder of the ledger as it went on."""
        return self.folder / "var"

    def typed(self, script: str, *, backup: str, keys: str, restored: str = "", **settings: object) -> Path:
        """Type what the page says, with these folders; the one that the ledger comes back in."""
        named = {"BACKUP": backup, "KEYS": keys, "RESTORED": restored or "nowhere"}
        folders = {name: str(self.folder / folder) for name, folder in named.items()}
        answer = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f'p2c() {{ {sys.executable} -m api.cli.main "$@"; }}\n{script}'],
            cwd=ROOT,
            env={**environment(data_dir=self.original, **settings), **folders},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return self.folder / restored


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    """A copy and an export, both made while clients wrote; then more was written, and signed."""
    with data_folder() as folder:
        settings = Settings(data_dir=folder / "var")
        target = prepared(settings)
        kept = Kept(folder, target, publish_something(settings))
        with under_load(settings, target):
            kept.typed(COPY, backup="copy", keys="copied-keys")
            kept.typed(EXPORT, backup="export", keys="exported-keys")
            time.sleep(1)
        yield kept


def publish_something(settings: Settings) -> str:
    """A snapshot; a token of BDT's."""
    with database(settings) as conninfo, open_on(conninfo) as service:
        service.projections.catch_up()
        at = service.register.resolve(None, None)
        take = lambda: service.snapshots.take(at, Division())  # noqa: E731
        service.commands.publish(Publish(title="The register"), take, Request(actor=BDT))
        return service.credentials.issue(Role.BDT)[1]


@contextmanager
def under_load(settings: Settings, target: Target) -> Iterator[None]:
    with ServiceProcess(free_port(), data_dir=settings.data_dir, log_level="error") as service:
        service.wait_until_ready()
        with clients_at_work(service.address, target) as load:
            load.require_progress_of_all(within=20)
            soon(20, lambda: httpx.get(f"{service.address}/v1/ledger/checkpoint").is_success)
            yield
            load.stop()
        assert service.terminate()[0] == 0


def test_a_copy_comes_back_and_goes_on(kept: Kept) -> None:
    restored = kept.typed(RESTORE_COPY, backup="copy", keys="copied-keys", restored="from-copy")
    kept.typed(CHECK, backup="copy", keys="copied-keys", restored="from-copy")

    assert (restored / "postgres").stat().st_uid == (kept.original / "postgres").stat().st_uid
    assert restored_entries(restored) == restored_entries(kept.original)[: len(restored_entries(restored))]
    with serving(restored) as service, client_of(service, kept.target.token) as client:
        assert service.wait_until_ready()["status"] == "ready"
        announced = client.post("/v1/pledges", json=client.announcement(lead=kept.target.lead))
        position = int(announced.headers["Ledger-Position"])
        assert client.read(announced.headers["Location"], position) == announced.json()["pledge"]
        soon(10, lambda: client.get("/v1/ledger/proofs/inclusion", params={"position": position}).is_success)


@pytest.fixture
def own_server(kept: Kept) -> Iterator[str]:
    """An empty database on a server of one's own."""
    with PostgresServer.create(kept.folder / "own") as server:
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            connection.execute("CREATE DATABASE p2c")
        yield make_conninfo(server.conninfo, dbname="p2c")


def test_an_export_comes_back_on_the_private_server(kept: Kept) -> None:
    restored = kept.typed(RESTORE_EXPORT, backup="export", keys="exported-keys", restored="from-export")

    require_same_ledger(kept, Settings(data_dir=restored))


def test_an_export_comes_back_on_a_server_of_ones_own(kept: Kept, own_server: str) -> None:
    how = {"backup": "export", "keys": "exported-keys", "restored": "from-export-on-own", "database_url": own_server}
    restored = kept.typed(RESTORE_EXPORT, **how)

    require_same_ledger(kept, Settings(data_dir=restored, database_url=own_server))
    kept.typed(CHECK, **how)


def test_a_backup_older_than_what_was_signed_is_noticed_and_only_read(kept: Kept) -> None:
    restored = kept.typed(RESTORE_COPY, backup="copy", keys="var", restored="rolled-back")
    signing = doctors_findings(data_dir=restored)["signing"]
    assert (signing["verdict"], "and the ledger ends at" in signing["message"]) == ("error", True)
    with serving(restored) as service, client_of(service, kept.bdt) as client:
        service.wait_until_alive()
        before = client.get("/v1/ledger/checkpoint").content
        head = len(restored_entries(restored))

        refused = client.post("/v1/organisations", json={"name": "Too late", "sector": "youth"})
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/ledger-rolled-back")
        assert f"ends at position {head}, but was signed up to" in refused.json()["detail"]
        time.sleep(2)  # a signer has its turn once a second
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "but was signed up to" in ready.json()["detail"]
        assert client.get("/v1/ledger/checkpoint").content == before
        assert len(restored_entries(restored)) == head
        for address in ("/v1/pledges", "/v1/snapshots", "/v1/snapshots/status", "/v1/ledger/entries"):
            assert client.get(address).status_code == 200


def require_same_ledger(kept: Kept, settings: Settings) -> None:
    """Rows, guards and read models are those that the original had when the export was made."""
    with database(Settings(data_dir=kept.original)) as original, database(settings) as restored:
        for table, order in (
            ("events", "notification_id"),
            ("snapshots", "id"),
            ("identity", "id"),
            ("checkpoints", "size"),
        ):
            there = rows(restored, table, order)
            assert there
            assert there == rows(original, table, order)[: len(there)]
        with open_on(restored) as service:
            require_read_models_as_rebuilt(service)
        found = doctors_findings(**settings.model_dump(include={"data_dir", "database_url"}, exclude_none=True))
    assert found["roles"]["verdict"] == "ok"
    assert "error" not in {finding["verdict"] for finding in found.values()}


def restored_entries(folder: Path) -> list[Any]:
    with database(Settings(data_dir=folder)) as conninfo:
        return rows(conninfo, "events", "notification_id")


def rows(conninfo: str, table: str, order: str) -> list[Any]:
    query = sql.SQL("SELECT * FROM {} ORDER BY {}").format(sql.Identifier("ledger", table), sql.Identifier(order))
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def serving(folder: Path) -> Iterator[ServiceProcess]:
    service = ServiceProcess(free_port(), data_dir=folder, log_level="critical")
    try:
        yield service
        assert service.terminate()[0] == 0
    finally:
        service.kill()


def client_of(service: ServiceProcess, token: str) -> Client:
    return Client(base_url=service.address, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def doctors_findings(**settings: object) -> dict[str, dict[str, str]]:
    checks = json.loads(p2c("doctor", "--json", **settings).stdout)["checks"]  # type: ignore[arg-type]
    return {check["check"]: check for check in checks}


def soon(seconds: float, so: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.05)
