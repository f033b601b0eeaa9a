"""`p2c` on a machine whose clock is wrong: `python -m tests.at_another_time SECONDS COMMAND…`."""

import sys
from datetime import UTC, datetime, timedelta

import time_machine

from api.cli.main import main


def run() -> None:
    """The command, in a process that is so many seconds ahead."""
    there = datetime.now(UTC) + timedelta(seconds=float(sys.argv.pop(1)))
    with time_machine.travel(there, tick=True):
        main()


if __name__ == "__main__":
    run()
