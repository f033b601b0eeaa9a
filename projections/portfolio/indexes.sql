CREATE INDEX steps_by_position ON steps (position);
-- A rebuild writes steps history by history; those of a block are to lie together.
CLUSTER steps USING steps_by_position;
-- Readers need no others than the primary keys; but the planner has to know how few parts there are.
CREATE STATISTICS blocks_parts (ndistinct) ON dimension, key FROM blocks;
