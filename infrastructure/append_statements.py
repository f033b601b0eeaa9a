"""What is said to the database for an append, in SQL."""

from __future__ import annotations

from psycopg import sql

from infrastructure.credentials import IS_GOOD

CHANNEL = "ledger_events"
"""Where PostgreSQL tells listeners that something was appended."""

TAKE_TURN = b"""
SELECT set_config('lock_timeout', %(milliseconds)s::text, true), pg_advisory_xact_lock(%(lock)s)
"""
"""What is asked after it sees what was committed before the lock was given, since each statement looks anew."""

_HEAD = sql.SQL("""
    SELECT coalesce(head.notification_id, 0) AS position, greatest(clock_timestamp(), head.recorded_at) AS recorded_at
    FROM (SELECT) AS always LEFT JOIN (
        SELECT notification_id, recorded_at FROM ledger.events ORDER BY notification_id DESC LIMIT 1
    ) AS head ON true
""")
_VERSION = sql.SQL("coalesce((SELECT max(originator_version) FROM ledger.events WHERE originator_id = stream.id), 0)")
_IS_TAKEN = sql.SQL("""
    EXISTS (SELECT FROM ledger.commands WHERE scope = receipt.scope AND idempotency_key = receipt.key)
""")

HOW_IT_STANDS = (
    sql.SQL("""
WITH head AS ({head})
SELECT position, recorded_at,
       ARRAY(SELECT {version}
             FROM unnest(%(streams)s::uuid[]) WITH ORDINALITY AS stream (id, n) ORDER BY n) AS versions,
       ARRAY(SELECT n FROM unnest(%(scopes)s::text[], %(keys)s::text[]) WITH ORDINALITY AS receipt (scope, key, n)
             WHERE {is_taken}) AS keys_taken,
       ARRAY(SELECT id FROM ledger.credentials WHERE id = ANY (%(tokens)s::uuid[]) AND {is_good}) AS good_tokens
FROM head
""")
    .format(head=_HEAD, version=_VERSION, is_taken=_IS_TAKEN, is_good=IS_GOOD)
    .as_bytes()
)

_HERE_IF_ALL_IS_AS_EXPECTED = sql.SQL("""
    WITH head AS MATERIALIZED ({head})
    SELECT position, recorded_at FROM head
    WHERE position >= %(signed)s
          AND NOT EXISTS (SELECT FROM unnest(%(streams)s::uuid[], %(expected)s::bigint[]) AS stream (id, version)
                          WHERE {version} <> stream.version)
          AND NOT EXISTS (SELECT FROM unnest(%(scopes)s::text[], %(keys)s::text[]) AS receipt (scope, key)
                          WHERE {is_taken})
          AND NOT EXISTS (SELECT FROM unnest(%(tokens)s::uuid[]) AS token (id)
                          WHERE NOT EXISTS (SELECT FROM ledger.credentials WHERE id = token.id AND {is_good}))
""").format(head=_HEAD, version=_VERSION, is_taken=_IS_TAKEN, is_good=IS_GOOD)

_HERE = sql.SQL("SELECT %(position)s::bigint AS position, %(recorded_at)s::timestamptz AS recorded_at")

# One statement, since each costs the process that sends it as much as several appends do. The recorded time is filled
# in here, as `audit.envelope.stamp` does it, since it is known no sooner than the lock is given.
_RECORD = """
WITH here AS MATERIALIZED (
    SELECT position, recorded_at,
           convert_to(to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8') AS stamp
    FROM ({here}) AS here
),
events AS (
    INSERT INTO ledger.events (originator_id, originator_version, topic, state, notification_id, recorded_at)
    SELECT id, version, topic, overlay(state PLACING stamp FROM stamped_from::integer), position + n, recorded_at
    FROM here, unnest(%(ids)s::uuid[], %(versions)s::bigint[], %(topics)s::text[], %(states)s::bytea[],
                      %(stamped_from)s::bigint[])
               WITH ORDINALITY AS entry (id, version, topic, state, stamped_from, n)
),
receipts AS (
    INSERT INTO ledger.commands
        (scope, idempotency_key, fingerprint, stream_id, first_version, last_version, recorded_at)
    SELECT scope, key, fingerprint, stream, first, last, recorded_at
    FROM here, unnest(%(scopes)s::text[], %(keys)s::text[], %(fingerprints)s::bytea[], %(of_streams)s::uuid[],
                      %(firsts)s::bigint[], %(lasts)s::bigint[])
               AS receipt (scope, key, fingerprint, stream, first, last)
)
SELECT position, recorded_at, pg_notify({channel}, '') FROM here
"""

RECORD_IF_ALL_IS_AS_EXPECTED = (
    sql.SQL(_RECORD).format(here=_HERE_IF_ALL_IS_AS_EXPECTED, channel=sql.Literal(CHANNEL)).as_bytes()
)
"""No row where something is otherwise; then nothing is recorded."""

RECORD = sql.SQL(_RECORD).format(here=_HERE, channel=sql.Literal(CHANNEL)).as_bytes()

RECORD_SNAPSHOT = b"""
INSERT INTO ledger.snapshots (id, position, bytes, sha256, recorded_at)
VALUES (%(id)s, %(position)s, %(bytes)s, %(sha256)s, %(recorded_at)s)
"""
