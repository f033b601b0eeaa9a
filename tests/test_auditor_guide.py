"""What the auditor's guide tells to type, typed on a real service; and the README in the bundle."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from audit.bundle import ENTRIES, HOW_TO_CHECK
from tests.audit.bundles import changed, honest
from tests.service_process import ROOT, ServiceProcess, data_folder, free_port, p2c

GUIDE = (ROOT / "docs" / "auditor.md").read_text("utf-8")
BLOCKS = re.findall(r"^```bash\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not here")


def typed(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"{sys.executable} -m api.cli.main"
    script = script.replace("p2c verify", f"{program} verify").replace("python3 ", f"{sys.executable} ")
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[str, str]]:
    """Where a service with the sample in it is found, and an auditor's token for it."""
    with data_folder() as folder:
        service = ServiceProcess(free_port(), "--demo", data_dir=folder)
        try:
            service.wait_until_ready()
            issued = p2c("token", "issue", "--role", "auditor", data_dir=folder)
            yield f"{service.address}/v1", issued.stdout.strip()
        finally:
            service.terminate()


@needs_openssl
@pytest.mark.database
def test_the_guide_works_as_it_stands(service: tuple[str, str], tmp_path: Path):
    url, auditor = service
    answer = typed("\n".join([f'export URL="{url}" AUDITOR="{auditor}"', *BLOCKS]), tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for said in (
        "It holds",
        "Signature Verified",
        "is the one that was hashed",
        "is the one that was signed",
        "is proven",
    ):
        assert said in answer.stdout


@needs_openssl
def test_what_is_done_by_hand_fails_where_an_entry_was_changed(tmp_path: Path):
    ledger = honest()
    forged = changed(ledger.bundle(), ENTRIES, lambda entries: entries.replace(b"Lead", b"Thief", 1))
    (tmp_path / "bundle.zip").write_bytes(forged)
    answer = typed("\n".join(BLOCKS[2:6]), tmp_path)
    assert "Signature Verified" in answer.stdout, "that is still the checkpoint that was signed"
    assert "is the one that was signed" not in answer.stdout


@needs_openssl
def test_the_readme_of_a_bundle_checks_a_signature(tmp_path: Path):
    (tmp_path / "bundle.zip").write_bytes(honest().bundle())
    by_hand = "\n".join(line.strip() for line in HOW_TO_CHECK[HOW_TO_CHECK.index("    head -n 3") :].splitlines())
    answer = typed(f"python3 -m zipfile -e bundle.zip . \n{by_hand.replace('SIZE', '12')}", tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Signature Verified" in answer.stdout


@pytest.mark.database
def test_every_address_that_the_guide_names_is_there(service: tuple[str, str]):
    url, _ = service
    described = httpx.get(f"{url.removesuffix('/v1')}/openapi.json").json()["paths"]
    for address in set(re.findall(r"`(/v1/ledger/[a-z./-]+)", GUIDE)):
        assert any(path.startswith(address.rstrip("…/")) for path in described), address
