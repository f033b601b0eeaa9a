-- Rows that are the answer at one moment were mostly made not long before it. A rebuild writes them history by history;
-- in the order of positions, in which they come when the ledger is followed, they lie together.
CREATE INDEX pledges_in_order ON pledges (position);
CLUSTER pledges USING pledges_in_order;
DROP INDEX pledges_in_order;
CREATE INDEX pledges_by_reference ON pledges (reference);
CREATE UNIQUE INDEX pledges_current_by_reference ON pledges (reference)
    WHERE upper_inf(positions) AND upper_inf(effective);
CREATE INDEX pledges_by_moment ON pledges USING gist (positions, effective);
CREATE INDEX pledges_kept_by_moment ON pledges USING gist (kept_effective, kept_positions)
    WHERE NOT isempty(kept_effective);
