"""Examining the database without changing it: is it one that the ledger can be trusted to?"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row

from audit.tiles import WIDTH
from infrastructure import roles, schema
from infrastructure.clock import SKEW_ERROR_SECONDS, SKEW_WARNING_SECONDS, Reading
from infrastructure.database import CONNECT_TIMEOUT_SECONDS, first_line
from infrastructure.signing import KeyFile, Signing, SigningStopped
from projections import tracking
from projections.catalogue import READ_MODELS
from projections.read_model import ReadModel
from projections.transparency.view import ALTERED, NotInTree, TransparencyView

SUPPORTED = range(15, 19)
"""The major versions of PostgreSQL that are tested."""

APPEND_ONLY = {
    "events": "events_append_only",
    "commands": "commands_append_only",
    "snapshots": "snapshots_append_only",
    "identity": "identity_append_only",
    "signing_keys": "signing_keys_append_only",
    "checkpoints": "checkpoints_append_only",
}
"""The triggers that refuse every change, by the table of the ledger they guard."""

_REFUSES_EVERY_CHANGE = 2 | 8 | 16 | 32
"""PostgreSQL's bits of a trigger: before, on delete, update and truncate, once a statement (pg_trigger.h)."""

LAG_WARNING = 1_000
"""Entries a read model may be behind without a word."""


class Verdict(StrEnum):
    """What a check found."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found, and what to do where that is not well."""

    check: str
    verdict: Verdict
    message: str
    advice: str = ""


Connection = psycopg.Connection[DictRow]
Check = Callable[[Connection], Sequence[Finding]]


def examine(conninfo: str) -> Sequence[Finding]:
    """Every finding about the database. Nothing is changed: PostgreSQL itself refuses it in this session."""
    try:
        connection = psycopg.connect(
            make_conninfo(
                conninfo,
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                application_name="p2c doctor",
                options="-c statement_timeout=15000 -c timezone=UTC",
            ),
            autocommit=True,
            row_factory=dict_row,
        )
    except psycopg.OperationalError as away:
        advice = "Check that the server runs, that P2C_DATABASE_URL names it, and that it lets this user in."
        return [_error("database", f"does not answer: {first_line(away)}", advice)]
    with connection:
        # Not among the options: libpq would take the server for one that does not write, and pass it over.
        connection.execute("SET default_transaction_read_only = on")
        reachable = _ok("database", f"answers as {connection.info.dbname} at {connection.info.host or 'its socket'}")
        return [reachable, *(finding for check in (*_SERVER, *_LEDGER) for finding in _run(check, connection))]


def _run(check: Check, connection: Connection) -> Sequence[Finding]:
    try:
        return check(connection)
    except psycopg.Error as fault:
        name = check.__name__.strip("_").replace("_", " ")
        return [_error(name, f"could not be examined: {str(fault).strip()}", "Examine the server's log.")]


def _version(connection: Connection) -> Sequence[Finding]:
    version = connection.info.server_version // 10_000
    if version in SUPPORTED:
        return [_ok("version", f"PostgreSQL {version}")]
    supported = f"PostgreSQL {SUPPORTED[0]} to {SUPPORTED[-1]}"
    return [_error("version", f"PostgreSQL {version} is not supported", f"Use {supported}.")]


def _encoding(connection: Connection) -> Sequence[Finding]:
    encoding = _setting(connection, "server_encoding")
    if encoding == "UTF8":
        return [_ok("encoding", encoding)]
    return [_error("encoding", f"{encoding} cannot hold every text", "Create the database again with ENCODING 'UTF8'.")]


def _durability(connection: Connection) -> Sequence[Finding]:
    return [
        _ok(name, "on")
        if (value := _setting(connection, name)) != "off"
        else _error(
            name,
            f"is {value}: what was acknowledged can be lost when the server crashes",
            f"Set {name} = on in postgresql.conf, and reload.",
        )
        for name in ("fsync", "synchronous_commit", "full_page_writes")
    ]


def _clock(connection: Connection) -> Sequence[Finding]:
    return [clock_finding(Reading.of(connection).skew)]


def clock_finding(skew: float) -> Finding:
    """What the database's clock being `skew` seconds ahead of this machine's means."""
    message = f"this machine and the database differ by {abs(skew):.3f} s"
    if abs(skew) < SKEW_WARNING_SECONDS:
        return _ok("clock", message)
    verdict = Verdict.WARNING if abs(skew) < SKEW_ERROR_SECONDS else Verdict.ERROR
    advice = "Let both machines take the time from the same source (NTP)."
    return Finding(check="clock", verdict=verdict, message=message, advice=advice)


def _schema(connection: Connection) -> Sequence[Finding]:
    try:
        missing = schema.pending_on(connection)
    except schema.SchemaTooNew as too_new:
        return [_error("schema", str(too_new), "Run the version that made it, or a later one.")]
    if not missing:
        return [_ok("schema", f"step {schema.steps()[-1].number} of {schema.steps()[-1].number}")]
    lacking = ", ".join(step.name for step in missing)
    return [_warning("schema", f"lacks {lacking}", "`p2c schema apply` brings it up; so does `p2c serve`.")]


_GUARDS = """
SELECT relname, tgname, tgenabled, tgtype, prosrc
FROM pg_catalog.pg_trigger JOIN pg_catalog.pg_class AS guarded ON guarded.oid = tgrelid
     JOIN pg_catalog.pg_proc ON pg_proc.oid = tgfoid
WHERE guarded.relnamespace = to_regnamespace('ledger') AND NOT tgisinternal
"""


def _append_only(connection: Connection) -> Sequence[Finding]:
    if not _has_ledger(connection):
        return []
    guards = {(row["relname"], row["tgname"]): row for row in connection.execute(_GUARDS).fetchall()}
    bypassed = _setting(connection, "session_replication_role") == "replica"
    awaited = _made_by_pending_steps(connection)
    return [
        _guard(table, guards.get((table, name)), bypassed=bypassed)
        for table, name in APPEND_ONLY.items()
        if table not in awaited
    ]


_CAN_CHANGE = """
SELECT relname || ': ' || privilege AS right
FROM unnest(%s::text[]) AS relname, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS privilege
WHERE has_table_privilege(%s, to_regclass('ledger.' || relname), privilege) ORDER BY 1
"""


def _roles(connection: Connection) -> Sequence[Finding]:
    if not _has_ledger(connection):
        return []
    if not roles.in_force(connection):
        advice = (
            "Let a superuser of the server run `p2c schema apply` once, with P2C_DATABASE_URL in that user's name; "
            f"then let the service log in as a user who is no more than a member of {roles.SERVICE}."
        )
        user = connection.info.user
        return [_warning("roles", f"the service works as {user}, who owns the ledger and its guards", advice)]
    rights = connection.execute(_CAN_CHANGE, (list(roles.ADDED_TO), roles.SERVICE)).fetchall()
    if rights:
        allowed = ", ".join(row["right"] for row in rights)
        advice = f"Find out who granted it, REVOKE it from {roles.SERVICE}, and verify an exported bundle."
        return [_error("roles", f"{roles.SERVICE} may do more than add to the ledger ({allowed})", advice)]
    return [_ok("roles", f"the service works as {roles.SERVICE}, which can add to the ledger and not change it")]


def _made_by_pending_steps(connection: Connection) -> Set[str]:
    """The tables that are not there yet, which is a matter of the schema and no trigger gone."""
    try:
        pending = "".join(step.sql for step in schema.pending_on(connection))
    except schema.SchemaTooNew:
        return frozenset()
    return {table for table in APPEND_ONLY if f"CREATE TABLE ledger.{table} " in pending}


def _guard(table: str, trigger: DictRow | None, *, bypassed: bool) -> Finding:
    check = f"append-only {table}"
    restore = (
        "Find out who removed it and what was changed since, with `p2c export-bundle` and `p2c verify`; then let the "
        "files in infrastructure/schema show how to create it again."
    )
    if trigger is None:
        return _error(check, f"nothing keeps ledger.{table} from being changed: its trigger is gone", restore)
    if trigger["tgenabled"] not in ("O", "A") or (bypassed and trigger["tgenabled"] != "A"):
        return _error(check, f"the trigger that keeps ledger.{table} from being changed is not in force", restore)
    if trigger["tgtype"] != _REFUSES_EVERY_CHANGE or "RAISE EXCEPTION" not in trigger["prosrc"]:
        return _error(check, f"the trigger of ledger.{table} does not refuse every change", restore)
    return _ok(check, f"ledger.{table} refuses every change")


def _read_models(connection: Connection) -> Sequence[Finding]:
    if not _has_ledger(connection):
        return []
    row = connection.execute("SELECT coalesce(max(notification_id), 0) AS head FROM ledger.events").fetchone()
    head = int(row["head"]) if row else 0
    return [_ok("ledger", f"{head} entries"), *(_read_model(connection, model, head) for model in READ_MODELS)]


def _read_model(connection: Connection, model: ReadModel, head: int) -> Finding:
    check = f"read model {model.name}"
    try:
        told = tracking.read(connection, [model])[model.name]
    except psycopg.errors.UndefinedTable:
        return _warning(check, "has no tables yet", "`p2c serve` makes them.")
    if told.error:
        advice = f"Install a version that can apply the entry, then `p2c rebuild {model.name}`."
        return _error(check, f"stands still at position {told.position}: {told.error}", advice)
    if told.version != model.version:
        advice = f"`p2c serve` builds it again by itself; `p2c rebuild {model.name}` does it now."
        return _warning(check, f"was built by version {told.version}, this is version {model.version}", advice)
    lag = head - told.position
    if lag > LAG_WARNING:
        return _warning(check, f"is {lag} entries behind", "Is the service running? If so, see its log.")
    return _ok(check, f"{lag} entries behind" if lag else "tells everything")


def _entries(connection: Connection) -> Sequence[Finding]:
    if not _has_ledger(connection):
        return []
    try:
        row = connection.execute(ALTERED).fetchone()
    except psycopg.errors.UndefinedTable:
        return []  # the check of the read models says that it has no tables yet
    if row is None or row["position"] is None:
        return [_ok("entries", "each is the one that was put into the tree"), _sealed(connection)]
    advice = "Export a bundle with `p2c export-bundle`, and run `p2c verify` on it; then restore what was signed."
    return [_error("entries", f"the one at position {row['position']} was changed after it was recorded", advice)]


def _sealed(connection: Connection) -> Finding:
    """Whether the copies of entries that are sealed in bundles are those of the tree too."""
    tree = TransparencyView(connection)
    try:
        for _ in tree.proven(tree.size() // WIDTH * WIDTH):
            pass
    except NotInTree as fault:
        advice = "The ledger itself holds: `p2c rebuild transparency` makes the bundles again from it."
        return _error("sealed entries", str(fault), advice)
    return _ok("sealed entries", "each is the one that was put into the tree")


_DISABLED = """
SELECT id, split_part(split_part(url, '://', 2), '/', 1) AS host, disabled_reason,
       coalesce(organisation_id::text, owner_role) AS owner
FROM ledger.webhooks WHERE disabled_at IS NOT NULL ORDER BY disabled_at, id
"""


def _webhooks(connection: Connection) -> Sequence[Finding]:
    if not _has(connection, "webhooks"):
        return []  # the check of the schema says so
    disabled = connection.execute(_DISABLED).fetchall()
    if not disabled:
        return [_ok("webhooks", "none is disabled")]
    listed = "; ".join(f"{row['id']} of {row['owner']} at {row['host']}: {row['disabled_reason']}" for row in disabled)
    advice = (
        "Tell the owners: they put the endpoint right and enable the webhook again within thirty days, so that nothing"
        " is missed, or remove it. `p2c webhook deliveries` shows what was wrong."
    )
    return [_warning("webhooks", f"disabled: {listed}", advice)]


def examine_signing(conninfo: str, signing: Signing) -> Sequence[Finding]:
    """Whether the ledger is being signed, by a key that this machine has and has not used further than the ledger."""
    try:
        with psycopg.connect(conninfo, connect_timeout=CONNECT_TIMEOUT_SECONDS, row_factory=dict_row) as connection:
            if not _has(connection, "checkpoints"):
                return []
            row = connection.execute(_SIGNED).fetchone()
            known = {key["verifier"] for key in connection.execute("SELECT verifier FROM ledger.signing_keys")}
    except psycopg.OperationalError:
        return []  # the check of the database says so
    assert row is not None, "aggregates answer"
    return [_signing(signing.key_file(row["ledger"]), known, size=row["size"], head=row["head"])]


_SIGNED = """
SELECT (SELECT id FROM ledger.identity) AS ledger, (SELECT coalesce(max(size), 0) FROM ledger.checkpoints) AS size,
       (SELECT coalesce(max(notification_id), 0) FROM ledger.events) AS head
"""


def _signing(file: KeyFile, known: Set[str], *, size: int, head: int) -> Finding:
    try:
        keys, last = file.signing_keys(), file.last_signed()
    except SigningStopped as stopped:
        return _error("signing", str(stopped), "Nothing is signed until this is put right.")
    if not keys and known:
        advice = "Put it there, or name it in P2C_SIGNING_KEY_FILE; other machines may go on signing."
        return _warning("signing", f"the key of this ledger is not in {file.path}", advice)
    if known and not any(str(key.verifier) in known for key in keys):
        advice = "Put the ledger's own key there, or name it in P2C_SIGNING_KEY_FILE."
        return _error("signing", f"{file.path} holds a key that never signed this ledger", advice)
    if last and last.checkpoint.size > head:
        gone = f"{last.checkpoint.size} entries were signed, and the ledger ends at {head}"
        return _error("signing", gone, "An older backup was restored, or entries were removed: restore a newer one.")
    if not keys:
        return _ok("signing", f"a key will be made in {file.path} with the first checkpoint")
    return _ok("signing", f"{size} of {head} entries are signed, by {keys[0].verifier}")


_SERVER: Sequence[Check] = (_version, _encoding, _durability, _clock)
_LEDGER: Sequence[Check] = (_schema, _roles, _append_only, _read_models, _entries, _webhooks)


def _has_ledger(connection: Connection) -> bool:
    return _has(connection, "commands")


def _has(connection: Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL AS there", (f"ledger.{table}",)).fetchone()
    return bool(row and row["there"])


def _setting(connection: Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s) AS value", (name,)).fetchone()
    return str(row["value"]) if row else ""


def _ok(check: str, message: str) -> Finding:
    return Finding(check=check, verdict=Verdict.OK, message=message)


def _warning(check: str, message: str, advice: str) -> Finding:
    return Finding(check=check, verdict=Verdict.WARNING, message=message, advice=advice)


def _error(check: str, message: str, advice: str) -> Finding:
    return Finding(check=check, verdict=Verdict.ERROR, message=message, advice=advice)
