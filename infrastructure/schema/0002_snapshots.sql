-- What was published: the bytes of each snapshot, as they were served on the first day, for ever.
-- The fact that it was published is the first entry of the history with the same id.
CREATE TABLE ledger.snapshots (
    id          uuid        PRIMARY KEY,
    position    bigint      NOT NULL CHECK (position >= 0),
    bytes       bytea       NOT NULL,
    sha256      bytea       NOT NULL CHECK (sha256 = pg_catalog.sha256(bytes)),
    recorded_at timestamptz NOT NULL
);
CREATE TRIGGER snapshots_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.snapshots
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
