"""The rows of a status snapshot as a CSV file, straight from the database."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from api.exports.csv_files import FORMULA_STARTS
from api.exports.snapshot_tables import STATUS_COLUMNS
from application.moments import Moment
from infrastructure.register import LedgerRegister

LINE_END = "\r\n"
LINES_AT_ONCE = 2_000


def status_csv(register: LedgerRegister, at: Moment) -> Iterator[bytes]:
    """The file, some lines at a time; the same cells as the snapshot of the moment has.

    The database has answered when this returns, so that what it raises is raised before the first byte is sent.
    """
    return _file(register.status_lines(at, STATUS_COLUMNS, FORMULA_STARTS))


def _file(lines: Iterator[str]) -> Iterator[bytes]:
    yield (",".join(STATUS_COLUMNS) + LINE_END).encode()
    while some := list(islice(lines, LINES_AT_ONCE)):
        yield (LINE_END.join(some) + LINE_END).encode()
