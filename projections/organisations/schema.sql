-- One row for each state an organisation had, with the two rectangles of positions and effective dates for which it
-- was the answer (see projections/intervals.py). The one that is the answer now for any day to come is unbounded in
-- `positions` and `effective`.
CREATE TABLE organisations (
    id                 uuid        NOT NULL,
    position           bigint      NOT NULL, -- of the last entry in the state
    recorded_at        timestamptz NOT NULL, -- and when that was recorded
    positions          int8range   NOT NULL,
    effective          daterange   NOT NULL,
    kept_positions     int8range   NOT NULL,
    kept_effective     daterange   NOT NULL,
    version     integer     NOT NULL,
    name        text        NOT NULL,
    sector      text        NOT NULL,
    country     text,
    region      text,
    website     text,
    active      boolean     NOT NULL,
    searched    text        COLLATE "C" NOT NULL -- the name as it is searched and sorted
);
