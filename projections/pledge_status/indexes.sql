CREATE UNIQUE INDEX pledges_by_reference ON pledges (reference, lower(positions));
CREATE UNIQUE INDEX pledges_current_by_reference ON pledges (reference) WHERE upper_inf(positions);
CREATE INDEX pledges_current_by_source ON pledges (source_register, source_record)
    WHERE upper_inf(positions) AND source_register IS NOT NULL;
CREATE INDEX pledges_as_of_position ON pledges USING gist (positions);
CREATE INDEX pledges_as_of_time ON pledges USING gist (recorded);
