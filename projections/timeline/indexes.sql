CREATE UNIQUE INDEX events_by_position ON events (position);
CREATE UNIQUE INDEX events_by_reference ON events (reference, version);
