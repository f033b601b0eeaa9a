-- With both ends of the range in it, a list as of a position is read in its order without looking at other states.
CREATE UNIQUE INDEX pledges_by_reference
    ON pledges (reference, lower(positions), coalesce(upper(positions), 9223372036854775807));
CREATE UNIQUE INDEX pledges_current_by_reference ON pledges (reference) WHERE upper_inf(positions);
CREATE INDEX pledges_current_by_source ON pledges (source_register, source_record)
    WHERE upper_inf(positions) AND source_register IS NOT NULL;
CREATE INDEX pledges_as_of_position ON pledges USING gist (positions);
CREATE INDEX pledges_as_of_time ON pledges USING gist (recorded);
