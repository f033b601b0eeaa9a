-- One row for each state a pledge had. Half-open ranges say when it was current; the current one has no upper end.
-- `recorded` is empty for a state that the same append changed again: it was current at no time.
CREATE TABLE pledges (
    id                 uuid        NOT NULL,
    positions          int8range   NOT NULL CHECK (NOT isempty(positions)),
    recorded           tstzrange   NOT NULL,
    recorded_at        timestamptz NOT NULL,
    reference          text        COLLATE "C" NOT NULL,
    lifecycle          text        NOT NULL,
    scaled_up          boolean     NOT NULL,
    validated          boolean     NOT NULL,
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
    delivered_usd      numeric     NOT NULL,
    verified_usd       numeric     NOT NULL,
    announced_on       date        NOT NULL,
    due_on             date,                 -- of the next report; none is due for a closed pledge
    overdue_on         date,
    silent_on          date,
    never_reported     boolean     NOT NULL,
    source_register    text,
    source_record      text,
    searched           text        NOT NULL, -- reference, title and description as they are searched
    state              jsonb       NOT NULL  -- the whole pledge
);
CREATE UNIQUE INDEX pledges_current ON pledges (id) WHERE upper_inf(positions);

-- The names by which leads are searched, in the form in which they are searched.
CREATE TABLE names (
    id          uuid        NOT NULL,
    positions   int8range   NOT NULL CHECK (NOT isempty(positions)),
    recorded    tstzrange   NOT NULL,
    recorded_at timestamptz NOT NULL,
    searched    text        NOT NULL
);
CREATE UNIQUE INDEX names_current ON names (id) WHERE upper_inf(positions);
