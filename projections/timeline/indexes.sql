CREATE UNIQUE INDEX entries_by_position ON entries (position);
CREATE UNIQUE INDEX entries_by_reference ON entries (reference, version) WHERE reference IS NOT NULL;
CREATE INDEX entries_by_party ON entries USING gin (parties);
CREATE INDEX entries_by_name ON entries (organisation, position) WHERE name IS NOT NULL;
ALTER TABLE pledges ADD PRIMARY KEY (id);
-- No row is looked for by these: the planner need not know what is in them, and is not told at some cost.
ALTER TABLE entries
    ALTER event_id SET STATISTICS 0, ALTER recorded_at SET STATISTICS 0, ALTER type SET STATISTICS 0,
    ALTER actor SET STATISTICS 0, ALTER summary SET STATISTICS 0, ALTER data SET STATISTICS 0;
ALTER TABLE pledges ALTER state SET STATISTICS 0;
