"""One event is one line, in which nothing stands that controls a terminal, and no secret."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
import unicodedata
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.stdlib import ProcessorFormatter

from infrastructure.log_safety import LONGEST_TEXT
from infrastructure.telemetry import log_to_standard_error

TOKEN = "p2c_" + "Zx9_-" * 8 + "abc"
JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWl0"
WEBHOOK_SECRET = "whsec_AbCd+/Ef0123456789AbCd+/Ef0123456789AbCdEf="
SECRETS = [TOKEN, f"Bearer {TOKEN}", JWT, "bearer c2VjcmV0LW9mLWl0", WEBHOOK_SECRET]
ADDRESSES = [
    "postgresql://ledger:c2VjcmV0@db.example:5432/p2c",
    "postgresql://ledger:c2@VjcmV0@db.example/p2c",
    "host=db.example password=c2VjcmV0 user=ledger",
    "host=db.example password='c2V jcm\\'V0' user=ledger",
    "postgresql://ledger@db.example/p2c?sslpassword=c2VjcmV0&x=1",
    '{"client_secret": "c2VjcmV0", "password": "c2VjcmV0"}',
]
HIDDEN = ["Zx9_-Zx9_-", "AbCd", "+/Ef", "eyJhbGci", "c2VjcmV0", "c2V", "VjcmV0"]
CONTROLS = [
    "\n",
    "\r\n",
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x7f",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\0",
    "\t",
]

PARTS = st.sampled_from([*SECRETS, *ADDRESSES, *CONTROLS, "a word", "été 学校"]) | st.text(max_size=8)
TEXTS = st.builds(str.join, st.sampled_from([" ", "\n", ", ", "'", "|"]), st.lists(PARTS, max_size=6))
VALUES = st.recursive(
    TEXTS | st.none() | st.integers() | st.floats() | st.binary() | TEXTS.map(ValueError) | st.uuids() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=6,
)
FIELDS = st.sampled_from(["path", "reason", "headers", "password"])

Written = Callable[[], str]


@pytest.fixture(params=["for programs", "for people"])
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, own_logs: None) -> Written:
    """What was logged since it was asked for last."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log_to_standard_error("info", json=request.param == "for programs")

    def take() -> str:
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return text

    return take


def require_safe(text: str, *, lines: int | None = 1) -> None:
    """No line more than there should be, and nothing in them that controls anything, or is secret."""
    assert text.endswith("\n")
    assert lines is None or text.count("\n") == lines
    unsafe = {character for character in text if character != "\n" and is_control(character)}
    assert unsafe == set()
    assert [secret for secret in HIDDEN if secret in text] == []


def is_control(character: str) -> bool:
    turns = unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return turns or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@RELAXED
@given(
    event=TEXTS, values=st.dictionaries(st.sampled_from(["path", "reason", "headers", "password"]), VALUES, max_size=3)
)
def test_whatever_is_logged_is_one_safe_line(written: Written, event: str, values: dict[str, Any]) -> None:
    structlog.get_logger("p2c.test").warning(event, **values)

    require_safe(written())


@RELAXED
@given(argument=VALUES, extra=TEXTS, name=TEXTS)
def test_so_is_what_libraries_log(written: Written, argument: Any, extra: str, name: str) -> None:
    logging.getLogger(f"library.{name}").warning("said %s", argument, extra={"peer": extra})

    require_safe(written())


@RELAXED
@given(message=TEXTS, cause=TEXTS, note=TEXTS)
def test_an_exception_may_have_lines_but_says_nothing_in_lines_of_its_own(
    written: Written, message: str, cause: str, note: str
) -> None:
    fault = ExceptionGroup(message, [RuntimeError(message)])
    fault.__cause__ = ValueError(cause)
    fault.add_note(note)
    structlog.get_logger("p2c.test").error("failed", exc_info=fault)
    logging.getLogger("library").error("failed", exc_info=fault)

    require_safe(text := written(), lines=None)
    for line in text.splitlines():
        assert line.startswith(("{", "20", " ", "because of", "while handling", "ValueError", "ExceptionGroup")), line


def test_a_line_for_programs_is_json_and_names_what_was_logged(written: Written) -> None:
    structlog.get_logger("p2c.test").info("request", path="/v1/x\nforged", status=200, seconds=0.5, who=[1, "a"])

    if not (line := written()).startswith("{"):
        assert "path=/v1/x\\nforged" in line
        assert "status=200" in line
        return
    found = json.loads(line)
    assert found.pop("timestamp")
    assert found == {
        "message": "request",
        "path": "/v1/x\\nforged",
        "status": 200,
        "seconds": 0.5,
        "who": [1, "a"],
        "logger": "p2c.test",
        "level": "info",
    }


def test_the_place_of_a_fault_is_told_and_the_values_there_are_not(written: Written) -> None:
    def fail() -> None:
        held = "a local value"
        raise RuntimeError(str(len(held)))

    try:
        fail()
    except RuntimeError:
        structlog.get_logger("p2c.test").exception("failed")

    text = written()
    assert "test_telemetry.py" in text
    assert re.search(r"\bfail\b", text)
    assert "held" not in text.replace('held = "a local value"', "").replace("len(held)", "")


@pytest.mark.parametrize("address", ADDRESSES)
def test_of_an_address_all_but_the_password_stays(written: Written, address: str) -> None:
    structlog.get_logger("p2c.test").info("connecting", to=address)

    require_safe(text := written())
    assert "***" in text
    assert ("db.example" in text) is ("db.example" in address)


def test_a_very_long_text_is_cut(written: Written) -> None:
    structlog.get_logger("p2c.test").info("request", path="/" + "x" * 1_000_000)

    text = written()
    assert "1000001 characters" in text
    assert len(text) < LONGEST_TEXT + 1_000


def test_a_line_that_cannot_be_written_says_so_and_nothing_else(written: Written) -> None:
    [handler] = [
        handler for handler in logging.getLogger().handlers if isinstance(handler.formatter, ProcessorFormatter)
    ]
    handler.handle(logging.LogRecord("library", logging.WARNING, __file__, 1, "%d pledges", (TOKEN,), None))

    assert written() == "a line of library cannot be written: TypeError\n"


def test_a_thread_that_ends_by_a_fault_is_told_as_safely(written: Written) -> None:
    def fail() -> None:
        raise RuntimeError(f"{TOKEN}\nforged")

    thread = threading.Thread(target=fail, name="clumsy")
    thread.start()
    thread.join()

    require_safe(text := written(), lines=None)
    assert "a thread ended by a fault" in text
    assert "clumsy" in text
    assert "\nforged" not in text


def test_a_warning_is_told_as_safely(written: Written) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"{TOKEN}\nforged", stacklevel=1)

    require_safe(written())


def test_a_stream_that_was_closed_stops_nothing(own_logs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log_to_standard_error("info", json=True)
    stream.close()

    logging.getLogger("library").warning("nobody reads this")
