-- Which ledger this is, for ever, also after a restore: its signing key and its name among other ledgers go by it.
CREATE TABLE ledger.identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id       uuid    NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO ledger.identity DEFAULT VALUES;

-- The public keys that have signed this ledger, as C2SP verifier keys. A key that signs no longer stays.
CREATE TABLE ledger.signing_keys (
    verifier text        PRIMARY KEY,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Every checkpoint: the signed note, byte for byte, by the size of the tree it is about.
CREATE TABLE ledger.checkpoints (
    size      bigint      PRIMARY KEY CHECK (size > 0),
    note      bytea       NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TRIGGER identity_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.identity
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER signing_keys_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.signing_keys
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
