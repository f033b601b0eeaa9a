CREATE INDEX organisations_open ON organisations (id, (
    CASE WHEN upper_inf(positions) THEN coalesce(upper(effective), 'infinity'::date) ELSE upper(kept_effective) END
)) WHERE upper_inf(positions) OR upper_inf(kept_positions);
CREATE UNIQUE INDEX organisations_current ON organisations (id) WHERE upper_inf(positions) AND upper_inf(effective);
CREATE INDEX organisations_current_by_name ON organisations (searched, id)
    WHERE upper_inf(positions) AND upper_inf(effective);
CREATE INDEX organisations_by_moment ON organisations USING gist (positions, effective);
CREATE INDEX organisations_kept_by_moment ON organisations USING gist (kept_effective, kept_positions)
    WHERE NOT isempty(kept_effective);
