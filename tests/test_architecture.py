"""The house rules a program can check: who imports whom, where SQL lives, no clock in the domain."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.application.use_cases import lint_imports
from importlinter.configuration import configure

ROOT = Path(__file__).parents[1]
PACKAGES = ["domain", "application", "audit", "projections", "infrastructure", "api"]
FOLDERS_WITHOUT_SQL = ["domain", "application", "audit", "api"]
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}

SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\s+INTO\b|\bUPDATE\b.+\bSET\b|\bDELETE\s+FROM\b"
    # English may select, insert, update and delete too: in lower case only the whole form of a statement
    # counts.
    r"|\A\s*(?i:select\s+[\w.*()]+(\s*,\s*[\w.*()]+)*\s+from\s+\w|insert\s+into\s+\w+\s*(\(|values|select)|update\s+\w+\s+set\s+\w+\s*="
    r"|delete\s+from\s+\w+\s*(where\b|;|\Z))",
    re.DOTALL,
)

CLOCKS_AND_CHANCE = re.compile(
    r"datetime\.(datetime\.(now|utcnow|today)|date\.today)|time\.(time|monotonic|perf_counter|localtime|gmtime)(_ns)?"
    r"|uuid\.uuid[147]|(random|secrets)(\.\w+)*|os\.urandom"
)


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        # Sorted: every worker of pytest-xdist must collect the same tests in the same order.
        yield from sorted((ROOT / folder).rglob("*.py"))


def sql_in(source: str) -> list[int]:
    """Return the lines of the string literals that look like SQL; docstrings and comments may speak of it."""
    tree = ast.parse(source)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return sorted(
        {
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.expr) and id(node) not in documentation and SQL.search(literal_text(node))
        }
    )


def literal_text(node: ast.expr) -> str:
    """Return the text of a string literal, an f-string or a sum of them, with ``x`` for what is put in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(text)):
            return text.decode(errors="replace")
        case ast.JoinedStr(values=parts):
            return "".join(literal_text(part) for part in parts)
        case ast.FormattedValue():
            return "x"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return literal_text(left) + literal_text(right)
        case _:
            return ""


def clocks_and_chance_in(source: str) -> list[int]:
    """Return the lines that mention a clock or a source of randomness, called or handed on."""
    tree = ast.parse(source)
    meaning_of: dict[str, str] = {}
    imported: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                meaning_of[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
                imported.append((node.lineno, alias.name))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                meaning_of[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                imported.append((node.lineno, f"{node.module}.{alias.name}"))
    used = [
        (node.lineno, f"{meaning_of.get(name.split('.')[0], '')}{name[len(name.split('.')[0]) :]}")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (name := dotted(node))
    ]
    return sorted({line for line, name in imported + used if CLOCKS_AND_CHANCE.fullmatch(name)})


def dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute) if prefix := dotted(value):
            return f"{prefix}.{attribute}"
        case _:
            return ""


def has_an_empty_name(path: Path) -> bool:
    """Tell whether a part of the module's name or of its folders' says nothing about what is in it."""
    words = {word for part in path.with_suffix("").parts for word in part.lower().split("_")}
    return not words.isdisjoint(EMPTY_NAMES)


def test_imports_follow_the_contracts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    configure()

    kept = lint_imports(config_filename="pyproject.toml", cache_dir=None, no_logo=True)

    assert kept, capsys.readouterr().out


@pytest.mark.parametrize(
    ("module", "forbidden_import", "contract"),
    [
        ("domain", "application", "layers"),
        ("domain", "audit", "layers"),
        ("audit", "projections", "layers"),
        ("application", "projections", "layers"),
        ("projections", "application", "layers"),
        ("projections", "infrastructure", "layers"),
        ("infrastructure", "api", "layers"),
        *(
            ("domain", library, "pure-domain")
            for library in [
                "eventsourcing",
                "fastapi",
                "psycopg",
                "pydantic_settings",
                "starlette",
                "typer",
                "uvicorn",
            ]
        ),
        ("application", "psycopg", "application-without-adapters"),
        ("application", "fastapi", "application-without-adapters"),
        ("api", "psycopg", "api-without-database"),
    ],
)
def test_an_import_against_a_contract_is_found(
    module: str, forbidden_import: str, contract: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(f"import {forbidden_import}" if package == module else "")

    # In a process of its own: this one has imported the real packages of the same names.
    linter = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"
    verdict = subprocess.run(
        [
            sys.executable,
            "-c",
            linter.replace("cache_dir=None", f"cache_dir=None, limit_to_contracts=('{contract}',)"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert verdict.returncode == 1
    assert re.search(
        rf"{module}\b.* -> {forbidden_import}\b|{module} is not allowed to import {forbidden_import}",
        verdict.stdout,
    )


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=str(path.relative_to(ROOT))) for path in modules(*FOLDERS_WITHOUT_SQL)],
)
def test_sql_stays_in_projections_and_infrastructure(path: Path) -> None:
    assert sql_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "statement",
    [
        '"SELECT reference FROM pledges"',
        '"select reference from pledges"',
        '"""\n    SELECT reference\n    FROM pledges"""',
        'f"SELECT {column} FROM pledges"',
        '"SELECT reference " + "FROM pledges"',
        '"SELECT reference " "FROM pledges"',
        'b"DELETE FROM pledges"',
        '"WITH old AS (SELECT 1 FROM pledges) TABLE old"',
        '"INSERT INTO pledges VALUES (1)"',
        '"insert into pledges (reference) values (1)"',
        '"UPDATE pledges SET title = 1"',
        '"update pledges set title = 1"',
        '"delete from pledges where true"',
    ],
)
def test_sql_in_a_string_is_found(statement: str) -> None:
    assert sql_in(f"query = {statement}") == [1]


@pytest.mark.parametrize(
    "source",
    [
        'advice = "Select a country from the list"',
        'advice = "Delete from your notes what you do not need"',
        'advice = "update the targets set by the lead"',
        '"""Replaces SELECT reference FROM pledges."""',
        "# SELECT reference FROM pledges",
    ],
)
def test_english_and_documentation_are_not_taken_for_sql(source: str) -> None:
    assert sql_in(source) == []


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in modules("domain")])
def test_the_domain_has_neither_clock_nor_chance(path: Path) -> None:
    assert clocks_and_chance_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import datetime; now = datetime.datetime.now()",
        "import datetime as dt; now = dt.datetime.now(dt.UTC)",
        "from datetime import datetime; now = datetime.now()",
        "from datetime import datetime as moment; now = moment.utcnow()",
        "from datetime import date; today = date.today()",
        "from datetime import date; field(default_factory=date.today)",
        "import time; time.time()",
        "from time import time_ns",
        "import uuid; uuid.uuid4()",
        "from uuid import uuid4",
        "import random",
        "from random import choice",
        "import secrets; secrets.token_hex()",
        "import os; os.urandom(8)",
    ],
)
def test_a_clock_or_chance_is_found(source: str) -> None:
    assert clocks_and_chance_in(source) == [1]


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import date; start = date(2026, 1, 1)",
        "from uuid import UUID, uuid5",
        "pledge.now(); clock.today()",
    ],
)
def test_dates_and_identifiers_that_are_given_are_welcome(source: str) -> None:
    assert clocks_and_chance_in(source) == []


def test_no_module_has_an_empty_name() -> None:
    paths = [path.relative_to(ROOT) for path in modules(*PACKAGES, "tests", "benchmarks")]

    assert [path for path in paths if has_an_empty_name(path)] == []


@pytest.mark.parametrize(
    "path",
    [
        "domain/utils.py",
        "api/http/helpers.py",
        "application/pledge_manager.py",
        "audit/common/merkle.py",
        "misc.py",
    ],
)
def test_an_empty_name_is_found(path: str) -> None:
    assert has_an_empty_name(Path(path))
