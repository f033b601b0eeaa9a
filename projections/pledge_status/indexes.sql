CREATE INDEX pledges_by_reference ON pledges (reference);
CREATE UNIQUE INDEX pledges_current_by_reference ON pledges (reference)
    WHERE upper_inf(positions) AND upper_inf(effective);
CREATE INDEX pledges_by_moment ON pledges USING gist (positions, effective);
CREATE INDEX pledges_kept_by_moment ON pledges USING gist (kept_effective, kept_positions)
    WHERE NOT isempty(kept_effective);
