"""What is said to the database for an append, in SQL; `ledger.append` of the schema does most of it."""

from __future__ import annotations

from psycopg import sql

from infrastructure.credentials import IS_GOOD

CHANNEL = "ledger_events"
"""Where PostgreSQL tells listeners that something was appended."""

APPEND = b"""
SELECT head, recorded
FROM ledger.append(%(turn)s, %(within)s, %(instant)s, %(signed)s, %(streams)s, %(expected)s, %(tokens)s,
                   %(ids)s, %(versions)s, %(topics)s, %(states)s, %(stamped_from)s,
                   %(scopes)s, %(keys)s, %(fingerprints)s, %(of_streams)s, %(firsts)s, %(lasts)s)
"""

TAKE_TURN = b"""
SELECT set_config('lock_timeout', %(within)s::text, true), pg_advisory_xact_lock(%(turn)s)
"""

HOW_IT_STANDS = (
    sql.SQL("""
SELECT coalesce(head.notification_id, 0) AS position, greatest(clock_timestamp(), head.recorded_at) AS recorded_at,
       ARRAY(SELECT coalesce((SELECT max(originator_version) FROM ledger.events WHERE originator_id = stream.id), 0)
             FROM unnest(%(streams)s::uuid[]) WITH ORDINALITY AS stream (id, n) ORDER BY n) AS versions,
       ARRAY(SELECT n FROM unnest(%(scopes)s::text[], %(keys)s::text[]) WITH ORDINALITY AS wanted (scope, key, n)
             WHERE EXISTS (SELECT FROM ledger.commands
                           WHERE scope = wanted.scope AND idempotency_key = wanted.key)) AS keys_taken,
       ARRAY(SELECT id FROM ledger.credentials WHERE id = ANY (%(tokens)s::uuid[]) AND {is_good}) AS good_tokens
FROM (SELECT) AS always
LEFT JOIN (SELECT notification_id, recorded_at FROM ledger.events ORDER BY notification_id DESC LIMIT 1) AS head ON true
""")
    .format(is_good=IS_GOOD)
    .as_bytes()
)
"""Asked after the turn was taken, in a statement of its own, which sees what was committed before the turn came."""

RECORD_SNAPSHOT = b"""
INSERT INTO ledger.snapshots (id, position, bytes, sha256, recorded_at)
VALUES (%(id)s, %(position)s, %(bytes)s, %(sha256)s, %(recorded_at)s)
"""
