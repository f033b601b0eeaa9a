-- Appends entries after the head of the ledger, where all is as it is expected: one statement, and one wait, for many.
--
-- It takes the ledger's turn, looks at what the entries were decided on, and inserts them with their receipts. The
-- answer is the head before them and the time at which they are recorded, or NULL where something is not as expected;
-- then nothing was recorded. What is looked at was committed before the turn came, since each statement looks anew.
CREATE FUNCTION ledger.append(
    turn         bigint,      -- the advisory lock that every append holds until it is committed
    within       integer,     -- milliseconds for which it is waited for
    instant      timestamptz, -- at which the entries are recorded; NULL for now
    -- What is expected: of histories, their versions; of tokens, that they are good; that the keys below are free.
    signed       bigint,      -- the head is no earlier than that
    streams      uuid[],
    expected     bigint[],
    tokens       uuid[],
    -- Entries, each with the byte of its state from which the recorded time is to be filled in, counted from 1.
    ids          uuid[],
    versions     bigint[],
    topics       text[],
    states       bytea[],
    stamped_from bigint[],
    -- Receipts.
    scopes       text[],
    keys         text[],
    fingerprints bytea[],
    of_streams   uuid[],
    firsts       bigint[],
    lasts        bigint[],
    OUT head     bigint,
    OUT recorded timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
    stamp bytea;
BEGIN
    PERFORM set_config('lock_timeout', within::text, true), pg_advisory_xact_lock(turn);

    SELECT coalesce(latest.notification_id, 0), coalesce(instant, greatest(clock_timestamp(), latest.recorded_at))
    INTO head, recorded
    FROM (SELECT) AS always LEFT JOIN (
        SELECT notification_id, recorded_at FROM ledger.events ORDER BY notification_id DESC LIMIT 1
    ) AS latest ON true
    WHERE coalesce(latest.notification_id, 0) >= signed
        AND NOT EXISTS (
            SELECT FROM unnest(streams, expected) AS stream (id, version) WHERE version <> coalesce(
                (SELECT max(originator_version) FROM ledger.events WHERE originator_id = stream.id), 0
            )
        )
        AND NOT EXISTS (
            SELECT FROM unnest(scopes, keys) AS receipt (scope, key) WHERE EXISTS (
                SELECT FROM ledger.commands
                WHERE commands.scope = receipt.scope AND commands.idempotency_key = receipt.key
            )
        )
        AND NOT EXISTS (
            SELECT FROM unnest(tokens) AS token (id) WHERE NOT EXISTS (
                SELECT FROM ledger.credentials
                WHERE credentials.id = token.id AND credentials.revoked_at IS NULL
                    AND (credentials.expires_at IS NULL OR credentials.expires_at > clock_timestamp())
            )
        );
    IF NOT FOUND THEN
        RETURN;
    END IF;

    stamp := convert_to(to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8');
    INSERT INTO ledger.events (originator_id, originator_version, topic, state, notification_id, recorded_at)
    SELECT id, version, topic, overlay(state PLACING stamp FROM starts::integer), head + n, recorded
    FROM unnest(ids, versions, topics, states, stamped_from)
        WITH ORDINALITY AS entry (id, version, topic, state, starts, n);

    IF cardinality(keys) > 0 THEN
        INSERT INTO ledger.commands
            (scope, idempotency_key, fingerprint, stream_id, first_version, last_version, recorded_at)
        SELECT scope, key, fingerprint, stream, first, last, recorded
        FROM unnest(scopes, keys, fingerprints, of_streams, firsts, lasts)
            AS receipt (scope, key, fingerprint, stream, first, last);
    END IF;

    PERFORM pg_notify('ledger_events', '');
END
$$;
