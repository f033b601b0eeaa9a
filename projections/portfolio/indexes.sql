-- Readers need no other index than the primary keys; but the planner has to know how few parts there are.
CREATE STATISTICS figures_parts (ndistinct) ON dimension, key FROM figures;
