"""What is deployed: the package with all its files, the locks, and what the files in deploy/ name."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from api.http.problems import PROBLEMS
from infrastructure.settings import Settings, environment_variable
from tests.service_process import ROOT
from tests.test_architecture import PACKAGES

CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
UNIT = (ROOT / "deploy" / "p2c@.service").read_text("utf-8")
DEVELOPMENT, SERVICE = ((ROOT / name).read_text("utf-8") for name in ("requirements.lock", "requirements-service.lock"))


def pins(lock: str) -> set[str]:
    """The packages of a lock with their versions."""
    return set(re.findall(r"^([a-z0-9][\w.-]*==\S+)", lock, re.MULTILINE))


def hashes(lock: str) -> set[str]:
    return set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", lock))


def test_the_service_is_locked_to_what_is_tested() -> None:
    assert pins(SERVICE) < pins(DEVELOPMENT)
    assert hashes(SERVICE) < hashes(DEVELOPMENT)
    assert not {name.partition("==")[0] for name in pins(SERVICE)} & {"pytest", "hypothesis", "mypy", "schemathesis"}


@pytest.mark.parametrize("lock", [DEVELOPMENT, SERVICE], ids=["development", "service"])
def test_no_lock_names_a_package_index(lock: str) -> None:
    assert "://" not in lock
    assert "--index-url" not in lock


def test_the_installed_package_has_every_file_of_the_source(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
    ]
    source = tmp_path / "source"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(source)], check=True)
    subprocess.run([*build, str(source)], check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = set(wheel.namelist())
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=source, check=True, capture_output=True, text=True
    ).stdout

    assert set(tracked.split("\n")) - {""} - packed == set()


def test_the_container_gets_every_package() -> None:
    assert set(re.findall(r"^COPY (\w+) \1$", CONTAINERFILE, re.MULTILINE)) == set(PACKAGES)


@pytest.mark.parametrize("text", [CONTAINERFILE, UNIT], ids=["Containerfile", "p2c@.service"])
def test_only_settings_that_exist_are_set(text: str) -> None:
    known = {environment_variable(field) for field in Settings.model_fields}

    assert set(re.findall(r"\bP2C_[A-Z_]+", text)) - known == set()


OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")


def test_every_figure_that_operators_are_told_to_watch_is_there() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "infrastructure" / "metrics").glob("*.py"))
    told = set(re.findall(r"\b(p2c_[a-z_]+?)(?:_total)?\b", OPERATIONS)) - {"p2c_owner", "p2c_service"}

    assert len(told) > 10
    assert {name for name in told if f'"{name}"' not in source} == set()


def test_operators_are_told_only_of_settings_and_problems_that_exist() -> None:
    settings = {environment_variable(field) for field in Settings.model_fields}

    assert set(re.findall(r"\bP2C_[A-Z_]+", OPERATIONS)) - settings == set()
    assert "ledger-rolled-back" in PROBLEMS
