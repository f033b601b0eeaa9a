-- Who signs in at an OpenID Connect issuer: persons, who are no part of the ledger and can be erased.
-- The ledger knows only the id, which is drawn at random and says nothing without this row.
CREATE TABLE ledger.subjects (
    id            uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    issuer        text        NOT NULL,
    subject       text        NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_used_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (issuer, subject)
);
