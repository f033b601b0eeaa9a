"""What the README tells a newcomer to type, typed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.service_process import ROOT, ServiceProcess, data_folder, environment, free_port

README = (ROOT / "README.md").read_text("utf-8")


def commands() -> str:
    """Every shell block of the README, in order, as one script that stops at the first failure."""
    blocks = re.findall(r"^```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return "\n".join(["set -euo pipefail", *blocks])


@pytest.mark.database
def test_a_first_pledge_lives_its_whole_life_as_the_readme_says():
    with data_folder() as folder:
        port = free_port()
        service = ServiceProcess(port, data_dir=folder)
        try:
            service.wait_until_ready()
            script = commands().replace(".venv/bin/p2c", f"{sys.executable} -m api.cli.main")
            script = script.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("python3 -c", f"{sys.executable} -c")
            typed = subprocess.run(
                ["bash", "-c", script],
                cwd=ROOT,
                env=environment(data_dir=folder),
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert typed.returncode == 0, typed.stderr + typed.stdout
            (pledge,) = httpx.get(f"{service.address}/v1/pledges").json()["items"]
        finally:
            code, _, errors = service.terminate()
    assert code == 0, errors
    assert (pledge["lifecycle"], pledge["version"]) == ("fulfilled", 9)
    assert [target["share"] for target in pledge["targets"]] == ["1.0000", "1.0000"]
    assert pledge["delivered_usd"] == "1100000.00"
    assert "Fulfilled: All schools are online." in typed.stdout, "the replay tells the end"
    assert json.loads(next(line for line in typed.stdout.splitlines() if line.startswith('{"pledge"')))


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)", README))))
def test_what_the_readme_links_to_exists(link: str):
    assert (ROOT / link).exists()


@pytest.mark.parametrize("page", sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")), ids=str)
def test_what_the_documentation_links_to_exists(page: Path):
    text = (ROOT / page).read_text("utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    missing = [link for link in links if not (ROOT / page.parent / link).exists()]
    assert not missing
