-- One row for each state an organisation had. Half-open ranges say when it was current; the current one has no
-- upper end. `recorded` is empty for a state that the same append changed again.
CREATE TABLE organisations (
    id          uuid        NOT NULL,
    positions   int8range   NOT NULL CHECK (NOT isempty(positions)),
    recorded    tstzrange   NOT NULL,
    recorded_at timestamptz NOT NULL,
    version     integer     NOT NULL,
    name        text        NOT NULL,
    sector      text        NOT NULL,
    country     text,
    region      text,
    website     text,
    active      boolean     NOT NULL,
    searched    text        COLLATE "C" NOT NULL -- the name as it is searched and sorted
);
CREATE UNIQUE INDEX organisations_current ON organisations (id) WHERE upper_inf(positions);
