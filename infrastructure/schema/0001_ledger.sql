-- The ledger: what happened, in one total order, for ever.

CREATE SCHEMA ledger;

-- The columns the event sourcing library knows, under its names; `notification_id` is the position.
-- `state` holds the bytes of the envelope, which are the evidence; the other columns repeat parts of it.
CREATE TABLE ledger.events (
    originator_id      uuid        NOT NULL,
    originator_version bigint      NOT NULL CHECK (originator_version > 0),
    topic              text        NOT NULL,
    state              bytea       NOT NULL CHECK (octet_length(state) <= 65535),
    notification_id    bigint      NOT NULL CHECK (notification_id > 0),
    recorded_at        timestamptz NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX events_position ON ledger.events (notification_id);
CREATE INDEX events_recorded_at ON ledger.events (recorded_at, notification_id);

-- Which command with a client's idempotency key caused which facts; the answer is made again from them.
CREATE TABLE ledger.commands (
    scope           text        NOT NULL,
    idempotency_key text        NOT NULL,
    fingerprint     bytea       NOT NULL,
    stream_id       uuid        NOT NULL,
    first_version   bigint      NOT NULL,
    last_version    bigint      NOT NULL,
    recorded_at     timestamptz NOT NULL,
    PRIMARY KEY (scope, idempotency_key)
);

-- Neither can be changed or removed, not even by the owner of the table.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER commands_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.commands
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- The last number given to a pledge announced in a year; a number once taken is not given again.
CREATE TABLE ledger.reference_numbers (
    year integer PRIMARY KEY,
    last integer NOT NULL CHECK (last BETWEEN 1 AND 999999)
);

-- What one unit of a currency was worth in US dollars, by month, as published by BDT.
CREATE TABLE ledger.exchange_rates (
    currency     text        NOT NULL,
    month        date        NOT NULL CHECK (extract(day FROM month) = 1),
    rate         numeric     NOT NULL CHECK (rate > 0),
    source       text        NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (currency, month)
);

-- Tokens, by the SHA-256 of their secret; the secret itself is shown once and kept nowhere.
CREATE TABLE ledger.credentials (
    id              uuid        PRIMARY KEY,
    digest          bytea       NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    prefix          text        NOT NULL,
    role            text        NOT NULL,
    organisation_id uuid,
    note            text,
    issued_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at      timestamptz,
    revoked_at      timestamptz
);
