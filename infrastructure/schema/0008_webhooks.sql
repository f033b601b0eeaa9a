-- Webhooks: who wants to be told of what happens, and where. No part of the ledger; they can be changed and removed.
-- The secrets stand here as they are, since every message is signed with them (docs/decisions/webhooks.md).
CREATE TABLE ledger.webhooks (
    id                  uuid        PRIMARY KEY,
    owner_role          text        NOT NULL,
    organisation_id     uuid        CHECK ((owner_role = 'stakeholder') = (organisation_id IS NOT NULL)),
    url                 text        NOT NULL,
    event_types         text[],     -- NULL: all
    description         text,
    secret              text        NOT NULL,
    former_secret       text,       -- signs along until then
    former_secret_until timestamptz,
    position            bigint      NOT NULL, -- of the last entry that messages were made of, if it called for any
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by          uuid,       -- the id of the token
    disabled_at         timestamptz,
    disabled_reason     text        CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    failing_since       timestamptz, -- no attempt succeeded since
    last_failed_at      timestamptz
);
CREATE INDEX webhooks_owner ON ledger.webhooks (owner_role, organisation_id, created_at);

-- What is to be delivered, and what became of it: the queue and the log are one.
CREATE TABLE ledger.webhook_deliveries (
    number          bigint      GENERATED ALWAYS AS IDENTITY, -- in the order in which they were made
    webhook_id      uuid        NOT NULL REFERENCES ledger.webhooks ON DELETE CASCADE,
    message_id      text        NOT NULL,
    type            text        NOT NULL,
    position        bigint,     -- of the entry it tells of; NULL for a test
    body            text        NOT NULL, -- the same bytes at every attempt
    state           text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts        integer     NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_attempt_at timestamptz,
    last_status     integer,
    last_error      text,
    next_attempt_at timestamptz DEFAULT clock_timestamp() CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
    PRIMARY KEY (webhook_id, message_id)
);
CREATE UNIQUE INDEX webhook_deliveries_log ON ledger.webhook_deliveries (webhook_id, number);
CREATE INDEX webhook_deliveries_due ON ledger.webhook_deliveries (webhook_id, next_attempt_at, position)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_untried ON ledger.webhook_deliveries (webhook_id, position)
    WHERE state = 'pending' AND attempts = 0;
CREATE INDEX webhook_deliveries_age ON ledger.webhook_deliveries (created_at);
