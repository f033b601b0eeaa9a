CREATE UNIQUE INDEX entries_by_position ON entries (position);
CREATE UNIQUE INDEX entries_by_reference ON entries (reference, version) WHERE reference IS NOT NULL;
CREATE INDEX entries_by_party ON entries USING gin (parties);
CREATE INDEX entries_by_name ON entries (organisation, position) WHERE name IS NOT NULL;
