CREATE UNIQUE INDEX organisations_by_id ON organisations (id, lower(positions));
CREATE INDEX organisations_current_by_name ON organisations (searched, id) WHERE upper_inf(positions);
CREATE INDEX organisations_as_of_position ON organisations USING gist (positions);
CREATE INDEX organisations_as_of_time ON organisations USING gist (recorded);
