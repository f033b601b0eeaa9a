-- One row for each state a pledge had, with the two rectangles of positions and effective dates for which it
-- was the answer (see projections/intervals.py). The one that is the answer now for any day to come is unbounded in
-- `positions` and `effective`.
CREATE TABLE pledges (
    id                 uuid        NOT NULL,
    position           bigint      NOT NULL, -- of the last entry in the state
    recorded_at        timestamptz NOT NULL, -- and when that was recorded
    positions          int8range   NOT NULL,
    effective          daterange   NOT NULL,
    kept_positions     int8range   NOT NULL,
    kept_effective     daterange   NOT NULL,
    version            integer     NOT NULL,
    reference          text        COLLATE "C" NOT NULL,
    title              text        NOT NULL,
    lifecycle          text        NOT NULL,
    scaled_up          boolean     NOT NULL,
    published          boolean     NOT NULL, -- admitted by BDT
    standing           boolean     NOT NULL, -- admitted and not withdrawn
    type               text        NOT NULL,
    focus_area         text        NOT NULL,
    pillars            text[]      NOT NULL,
    lead               uuid        NOT NULL,
    lead_sector        text        NOT NULL,
    lead_region        text,
    lead_country       text,
    partners           uuid[]      NOT NULL,
    countries          text[]      NOT NULL,
    regions            text[]      NOT NULL, -- of implementation
    beneficiary_groups text[]      NOT NULL,
    sdgs               integer[]   NOT NULL,
    wsis_lines         text[]      NOT NULL,
    value_usd          numeric     NOT NULL,
    announced_usd      numeric     NOT NULL, -- the rungs of the ladder
    validated_usd      numeric     NOT NULL,
    delivered_usd      numeric     NOT NULL,
    verified_usd       numeric     NOT NULL,
    delivered_share    numeric,              -- of value_usd
    targets_met        integer     NOT NULL, -- how much of the targets is delivered, of 10,000
    starts_on          date,                 -- the time that this is held against, where it can be
    ends_on            date,
    reports            integer     NOT NULL, -- how many progress reports there are
    announced_on       date        NOT NULL,
    due_on             date,                 -- of the next report; none is due for a closed pledge
    overdue_on         date,
    silent_on          date,
    never_reported     boolean     NOT NULL,
    source_register    text,
    searched           text        NOT NULL, -- reference, title and description as they are searched
    status             text        NOT NULL, -- what a snapshot says of it, as JSON, however long its history is
    pledge             text        NOT NULL  -- the whole pledge, as JSON
);

-- The names by which leads are searched, in the form in which they are searched.
CREATE TABLE names (
    id                 uuid        NOT NULL,
    position           bigint      NOT NULL, -- of the last entry in the state
    recorded_at        timestamptz NOT NULL, -- and when that was recorded
    positions          int8range   NOT NULL,
    effective          daterange   NOT NULL,
    kept_positions     int8range   NOT NULL,
    kept_effective     daterange   NOT NULL,
    called             text        NOT NULL,
    searched           text        NOT NULL
);

-- What each fact changed in the course of the dollars over effective dates: on which days how many came and went. These
-- two tables are kept by the database itself (see indexes.sql).
CREATE TABLE turns (
    position      bigint  NOT NULL, -- of the fact
    day           date    NOT NULL,
    ends          bigint  NOT NULL, -- how many more states begin or end on the day
    announced_usd numeric NOT NULL,
    validated_usd numeric NOT NULL,
    delivered_usd numeric NOT NULL,
    verified_usd  numeric NOT NULL
);

-- The same added up, by day and by month, over blocks of 16,384 positions: the first has those below that.
CREATE TABLE course (
    grain         text    NOT NULL CHECK (grain IN ('day', 'month')),
    since         date    NOT NULL, -- the first day
    block         bigint  NOT NULL,
    ends          bigint  NOT NULL,
    announced_usd numeric NOT NULL,
    validated_usd numeric NOT NULL,
    delivered_usd numeric NOT NULL,
    verified_usd  numeric NOT NULL
);
