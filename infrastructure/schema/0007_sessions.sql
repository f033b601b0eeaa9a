-- Who is signed in by a browser, by the SHA-256 of what its cookie holds. A session is worth what is behind it: one of
-- our tokens (credential_id), or somebody who signed in at the issuer (subject_id), as the issuer said they were.
CREATE TABLE ledger.sessions (
    digest          bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    credential_id   uuid,
    subject_id      uuid,
    role            text,
    organisation_id uuid,
    opened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at      timestamptz NOT NULL, -- moves on while the session is used, up to the other
    ends_at         timestamptz NOT NULL,
    CHECK (num_nonnulls(credential_id, subject_id) = 1),
    CHECK ((subject_id IS NULL) = (role IS NULL)),
    CHECK (organisation_id IS NULL OR subject_id IS NOT NULL),
    CHECK (expires_at <= ends_at)
);
CREATE INDEX sessions_expires_at ON ledger.sessions (expires_at);

-- Who is on the way to the issuer and back: a row is taken away by whoever comes back, and so they come back once.
CREATE TABLE ledger.sign_ins (
    digest     bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_ins_expires_at ON ledger.sign_ins (expires_at);
