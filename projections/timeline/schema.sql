-- One row for each entry about a pledge.
CREATE TABLE events (
    position     bigint      NOT NULL,
    pledge       uuid        NOT NULL,
    reference    text        COLLATE "C" NOT NULL,
    version      integer     NOT NULL,
    type         text        NOT NULL,
    recorded_at  timestamptz NOT NULL,
    effective_on date        NOT NULL,
    actor        jsonb       NOT NULL,
    summary      text        NOT NULL,
    data         jsonb       NOT NULL
);

-- Each pledge as it is now, because a summary of what comes next may need it.
CREATE TABLE pledges (
    id    uuid  PRIMARY KEY,
    state jsonb NOT NULL
);
