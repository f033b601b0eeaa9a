-- One row for each state a pledge had, with the two rectangles of positions and effective dates for which it
-- was the answer (see projections/intervals.py). The one that is the answer now for any day to come is unbounded in
-- `positions` and `effective`.
-- Where all rows of a moment are read, the server walks through each up to the last column that is asked for: what is of
-- one width comes first, then what is read of most rows.
CREATE TABLE pledges (
    id                 uuid        NOT NULL,
    position           bigint      NOT NULL, -- of the last entry in the state
    recorded_at        timestamptz NOT NULL, -- and when that was recorded
    version            integer     NOT NULL,
    announced_on       date        NOT NULL,
    targets_met        integer     NOT NULL, -- how much of the targets is delivered, of 10,000
    reports            integer     NOT NULL, -- how many progress reports there are
    to_verify          integer     NOT NULL, -- how many contributions BDT has yet to look at
    asked              integer     NOT NULL, -- how many it asked about
    marks_1            bigint      NOT NULL, -- its type, pillars and so on, to be counted (see marks.py)
    marks_2            bigint      NOT NULL,
    published          boolean     NOT NULL, -- admitted by BDT
    standing           boolean     NOT NULL, -- admitted and not withdrawn
    scaled_up          boolean     NOT NULL,
    never_reported     boolean     NOT NULL,
    positions          int8range   NOT NULL,
    effective          daterange   NOT NULL,
    kept_positions     int8range   NOT NULL,
    kept_effective     daterange   NOT NULL,
    reference          text        COLLATE "C" NOT NULL,
    told               text        NOT NULL, -- what a snapshot says of it, as JSON (see told_status.py)
    lead               uuid        NOT NULL,
    partners           uuid[]      NOT NULL,
    due_on             date,                 -- of the next report; none is due for a closed pledge
    overdue_on         date,
    silent_on          date,
    reported_until     date,                 -- the last day that any report covers
    lifecycle          text        NOT NULL,
    type               text        NOT NULL,
    focus_area         text        NOT NULL,
    lead_sector        text        NOT NULL,
    pillars            text[]      NOT NULL,
    countries          text[]      NOT NULL,
    regions            text[]      NOT NULL, -- of implementation
    beneficiary_groups text[]      NOT NULL,
    sdgs               integer[]   NOT NULL,
    announced_usd      numeric     NOT NULL, -- the rungs of the ladder
    validated_usd      numeric     NOT NULL,
    delivered_usd      numeric     NOT NULL,
    verified_usd       numeric     NOT NULL,
    value_usd          numeric     NOT NULL,
    to_verify_since    date,                 -- the day of the earliest of these contributions
    asked_since        date,
    title              text        NOT NULL,
    searched           text        NOT NULL, -- reference, title and description as they are searched
    wsis_lines         text[]      NOT NULL,
    lead_region        text,
    lead_country       text,
    source_register    text,
    delivered_share    numeric,              -- of value_usd
    starts_on          date,                 -- the time that this is held against, where it can be
    ends_on            date
);

-- The whole of each state, apart, since nearly all rows are looked through for something else. Rows of `pledges` with
-- the same position and first date have the same state.
CREATE TABLE states (
    position           bigint      NOT NULL,
    since              date        NOT NULL, -- the first date for which it was the answer
    pledge             text        NOT NULL  -- as JSON
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
