-- One row for each entry of the ledger.
CREATE TABLE entries (
    position     bigint      NOT NULL,
    event_id     uuid        NOT NULL,
    stream       uuid        NOT NULL, -- whose history it belongs to: a pledge's, an organisation's, a publication's
    reference    text        COLLATE "C", -- of the pledge, where it is about one
    organisation uuid,                 -- the pledge's lead, or the organisation itself
    version      integer     NOT NULL,
    type         text        NOT NULL,
    recorded_at  timestamptz NOT NULL,
    effective_on date        NOT NULL,
    actor        jsonb       NOT NULL,
    summary      text        NOT NULL,
    data         jsonb       NOT NULL,
    name         text,                 -- what the organisation is called from here on, where that is said
    published    boolean     NOT NULL, -- whether the public could know of it right after it was recorded
    parties      uuid[]      NOT NULL  -- the organisations that could in any case
);

-- Each pledge as it is now, because a summary of what comes next may need it, and who may know of it now.
CREATE TABLE pledges (
    id        uuid    NOT NULL,
    state     text    NOT NULL, -- as JSON
    published boolean NOT NULL,
    parties   uuid[]  NOT NULL
);
