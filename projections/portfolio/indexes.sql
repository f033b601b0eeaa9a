CREATE INDEX steps_by_position ON steps (position);
-- Readers need no others than the primary keys; but the planner has to know how few parts there are.
CREATE STATISTICS blocks_parts (ndistinct) ON dimension, key FROM blocks;
