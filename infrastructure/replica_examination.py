"""Examining the read replica: is it a standby of this ledger's database, and how far behind is it?"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row

from infrastructure.database import CONNECT_TIMEOUT_SECONDS, first_line
from infrastructure.examination import LAG_WARNING, Finding, Verdict

CHECK = "read replica"

_STATE = """
SELECT (SELECT id FROM ledger.identity) AS ledger, pg_is_in_recovery() AS is_standby,
       (SELECT coalesce(max(notification_id), 0) FROM ledger.events) AS head
"""


def examine_replica(primary: str, replica: str) -> Sequence[Finding]:
    """What is to be said of the replica; nothing where the primary does not answer, of which another check tells."""
    try:
        there = _state(replica)
    except psycopg.OperationalError as away:
        advice = "Reads go to the primary meanwhile. Check that it runs, and that P2C_READ_REPLICA_URL names it."
        return [_finding(Verdict.WARNING, f"does not answer: {first_line(away)}", advice)]
    except psycopg.Error as fault:
        return [_not_ours(first_line(fault))]
    try:
        here = _state(primary)
    except psycopg.Error:
        return []
    return [_compared(here, there)]


def _compared(here: DictRow, there: DictRow) -> Finding:
    if there["ledger"] != here["ledger"]:
        return _not_ours("it has another ledger")
    if not there["is_standby"]:
        advice = "Name a streaming standby in P2C_READ_REPLICA_URL; a server of its own does not get what is written."
        return _finding(Verdict.WARNING, "is no standby: it takes writes of its own", advice)
    lag = max(here["head"] - there["head"], 0)
    if lag > LAG_WARNING:
        advice = "Look at its log, and at pg_stat_replication on the primary; reads go to the primary meanwhile."
        return _finding(Verdict.WARNING, f"is {lag} entries behind", advice)
    return _finding(Verdict.OK, f"a standby, {lag} entries behind" if lag else "a standby, up to date")


def _not_ours(why: str) -> Finding:
    advice = "Name a streaming standby of the ledger's server in P2C_READ_REPLICA_URL; it is not read as it is."
    return _finding(Verdict.ERROR, f"is no copy of this ledger: {why}", advice)


def _state(conninfo: str) -> DictRow:
    given = make_conninfo(conninfo, connect_timeout=CONNECT_TIMEOUT_SECONDS, application_name="p2c doctor")
    with psycopg.connect(given, row_factory=dict_row) as connection:
        row = connection.execute(_STATE).fetchone()
    assert row is not None, "a statement without FROM answers"
    return row


def _finding(verdict: Verdict, message: str, advice: str = "") -> Finding:
    return Finding(check=CHECK, verdict=verdict, message=message, advice=advice)
