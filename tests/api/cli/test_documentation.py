"""Every command and option says what it does, and is documented: one that is not fails here."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.cli.main import app
from infrastructure.settings import Settings, environment_variable
from tests.api.cli.conftest import Run

DOCUMENTATION = (Path(__file__).parents[3] / "docs" / "cli.md").read_text("utf-8")


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group of commands, with the words that call it."""
    command = command or typer.main.get_command(app)
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def undocumented(path: tuple[str, ...], command: Any, documentation: str) -> list[str]:
    """What the documentation does not say of a command: its name, and its options in the section about it."""
    called = " ".join(("p2c", *path))
    section = section_of(path, documentation)
    missing = [] if re.search(rf"\b{called}\b", section) else [called]
    options = (max(option.opts, key=len) for option in command.params if option.opts[0].startswith("-"))
    return missing + [f"{called} {option}" for option in options if f"{option}`" not in section.replace(" ", "`")]


def section_of(path: tuple[str, ...], documentation: str) -> str:
    if not path:
        return documentation.partition("\n## ")[0]
    found = re.search(rf"^## p2c {path[0]}$(.*?)(?=^## |\Z)", documentation, re.MULTILINE | re.DOTALL)
    return found[0].replace("]", " ") if found else ""


ALL = [pytest.param(path, command, id=" ".join(path) or "p2c") for path, command in commands()]


@pytest.mark.parametrize(("path", "command"), ALL)
def test_a_command_has_help(path: tuple[str, ...], command: Any, run: Run) -> None:
    answer = run(*path, "--help")

    assert answer.exit_code == 0
    assert command.help.split("\n")[0][:40] in " ".join(re.sub(r"[│\s]+", " ", answer.output).split())
    assert [p.name for p in command.params if not p.help] == []


@pytest.mark.parametrize(("path", "command"), ALL)
def test_a_command_and_its_options_are_documented(path: tuple[str, ...], command: Any) -> None:
    assert undocumented(path, command, DOCUMENTATION) == []


def test_a_command_without_documentation_is_found() -> None:
    path, command = next((path, command) for path, command in commands() if path == ("token", "issue"))

    assert undocumented(path, command, "## p2c rates\n\np2c token issue --role --json")[0] == "p2c token issue"


def test_an_option_without_documentation_is_found() -> None:
    path, command = next((path, command) for path, command in commands() if path == ("serve",))

    assert undocumented(path, command, "## p2c serve\n\n`p2c serve --demo --port PORT`") == ["p2c serve --host"]


def test_every_setting_is_documented() -> None:
    settings = [environment_variable(field) for field in Settings.model_fields]

    assert [name for name in settings if f"| `{name}` |" not in DOCUMENTATION] == []
