-- Rows that are the answer at one moment were mostly made not long before it. A rebuild writes them history by history;
-- in the order of positions, in which they come when the ledger is followed, they lie together.
CREATE INDEX pledges_in_order ON pledges (position);
CLUSTER pledges USING pledges_in_order;
DROP INDEX pledges_in_order;
ALTER TABLE states ADD PRIMARY KEY (position, since);
CLUSTER states USING states_pkey;
CREATE INDEX pledges_open ON pledges (id, (
    CASE WHEN upper_inf(positions) THEN coalesce(upper(effective), 'infinity'::date) ELSE upper(kept_effective) END
)) WHERE upper_inf(positions) OR upper_inf(kept_positions);
CREATE UNIQUE INDEX pledges_current ON pledges (id) WHERE upper_inf(positions) AND upper_inf(effective);
CREATE INDEX pledges_by_reference ON pledges (reference);
CREATE UNIQUE INDEX pledges_current_by_reference ON pledges (reference)
    WHERE upper_inf(positions) AND upper_inf(effective);
CREATE INDEX pledges_by_moment ON pledges USING gist (positions, effective);
CREATE INDEX pledges_kept_by_moment ON pledges USING gist (kept_effective, kept_positions)
    WHERE NOT isempty(kept_effective);
CREATE INDEX names_open ON names (id, (
    CASE WHEN upper_inf(positions) THEN coalesce(upper(effective), 'infinity'::date) ELSE upper(kept_effective) END
)) WHERE upper_inf(positions) OR upper_inf(kept_positions);
CREATE UNIQUE INDEX names_current ON names (id) WHERE upper_inf(positions) AND upper_inf(effective);

-- No row is looked for by these: the planner need not know what is in them, and is not told at some cost.
ALTER TABLE pledges
    ALTER recorded_at SET STATISTICS 0, ALTER version SET STATISTICS 0, ALTER title SET STATISTICS 0,
    ALTER value_usd SET STATISTICS 0, ALTER announced_usd SET STATISTICS 0, ALTER validated_usd SET STATISTICS 0,
    ALTER delivered_usd SET STATISTICS 0, ALTER verified_usd SET STATISTICS 0,
    ALTER delivered_share SET STATISTICS 0, ALTER targets_met SET STATISTICS 0, ALTER starts_on SET STATISTICS 0,
    ALTER ends_on SET STATISTICS 0, ALTER reports SET STATISTICS 0, ALTER reported_until SET STATISTICS 0,
    ALTER searched SET STATISTICS 0,
    ALTER to_verify SET STATISTICS 0, ALTER to_verify_since SET STATISTICS 0, ALTER asked SET STATISTICS 0,
    ALTER asked_since SET STATISTICS 0, ALTER told SET STATISTICS 0, ALTER marks_1 SET STATISTICS 0,
    ALTER marks_2 SET STATISTICS 0;
ALTER TABLE states ALTER since SET STATISTICS 0, ALTER pledge SET STATISTICS 0;
ALTER TABLE turns
    ALTER ends SET STATISTICS 0, ALTER announced_usd SET STATISTICS 0, ALTER validated_usd SET STATISTICS 0,
    ALTER delivered_usd SET STATISTICS 0, ALTER verified_usd SET STATISTICS 0;
ALTER TABLE course
    ALTER ends SET STATISTICS 0, ALTER announced_usd SET STATISTICS 0, ALTER validated_usd SET STATISTICS 0,
    ALTER delivered_usd SET STATISTICS 0, ALTER verified_usd SET STATISTICS 0;

-- A state is the answer in two rectangles of positions and days. Its dollars come at the corner where a rectangle begins
-- and go at the ones beside it: the sum of all corners up to a position and a day is what was so then. Where a state is
-- kept, it goes on without a corner on its first day.
CREATE FUNCTION corners(positions int8range, effective daterange, kept_positions int8range, kept_effective daterange)
RETURNS TABLE (at bigint, day date, ends integer, sign integer) LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM (VALUES
        (lower(positions), lower(effective), 1, 1),
        (lower(positions), upper(effective), 1, -1),
        (CASE WHEN isempty(kept_effective) THEN upper(positions) END, lower(effective), -1, -1),
        (upper(positions), upper(effective), -1, 1),
        (lower(kept_positions), upper(kept_effective), 1, -1),
        (upper(kept_positions), lower(kept_effective), -1, -1),
        (upper(kept_positions), upper(kept_effective), -1, 1)
    ) AS corner (at, day, ends, sign) WHERE at IS NOT NULL AND day IS NOT NULL
$$;

CREATE FUNCTION add_turns(added turns[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO turns AS stored SELECT * FROM unnest(added)
    ON CONFLICT (position, day) DO UPDATE SET
        ends = stored.ends + excluded.ends,
        announced_usd = stored.announced_usd + excluded.announced_usd,
        validated_usd = stored.validated_usd + excluded.validated_usd,
        delivered_usd = stored.delivered_usd + excluded.delivered_usd,
        verified_usd = stored.verified_usd + excluded.verified_usd;
    INSERT INTO course AS stored
    SELECT grain, date_trunc(grain, day)::date, position / 16384,
           sum(ends), sum(announced_usd), sum(validated_usd), sum(delivered_usd), sum(verified_usd)
    FROM unnest(added) CROSS JOIN unnest('{day,month}'::text[]) AS grain GROUP BY 1, 2, 3
    ON CONFLICT (grain, since, block) DO UPDATE SET
        ends = stored.ends + excluded.ends,
        announced_usd = stored.announced_usd + excluded.announced_usd,
        validated_usd = stored.validated_usd + excluded.validated_usd,
        delivered_usd = stored.delivered_usd + excluded.delivered_usd,
        verified_usd = stored.verified_usd + excluded.verified_usd;
$$;

CREATE FUNCTION turn_with_new_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_turns(array_agg((turned.*)::turns)) FROM (
        SELECT corner.at, day, sum(ends)::bigint, sum(sign * announced_usd), sum(sign * validated_usd),
               sum(sign * delivered_usd), sum(sign * verified_usd)
        FROM new_states CROSS JOIN LATERAL corners(positions, effective, kept_positions, kept_effective) AS corner
        GROUP BY corner.at, day
    ) AS turned;
    RETURN NULL;
END
$$;

-- Rectangles of a state that is there change at later positions only.
CREATE FUNCTION turn_with_changed_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_turns(array_agg((turned.*)::turns)) FROM (
        SELECT corner.at, day, sum(ends)::bigint, sum(sign * announced_usd), sum(sign * validated_usd),
               sum(sign * delivered_usd), sum(sign * verified_usd)
        FROM (
            SELECT now.*, coalesce(upper(was.positions), lower(was.positions)) AS turned_until
            FROM new_states AS now JOIN old_states AS was
            ON (now.id, lower(now.positions), lower(now.effective)) = (was.id, lower(was.positions), lower(was.effective))
        ) AS changed CROSS JOIN LATERAL corners(positions, effective, kept_positions, kept_effective) AS corner
        WHERE corner.at > turned_until
        GROUP BY corner.at, day
    ) AS turned;
    RETURN NULL;
END
$$;

INSERT INTO turns
SELECT corner.at, day, sum(ends), sum(sign * announced_usd), sum(sign * validated_usd),
       sum(sign * delivered_usd), sum(sign * verified_usd)
FROM pledges CROSS JOIN LATERAL corners(positions, effective, kept_positions, kept_effective) AS corner
GROUP BY corner.at, day;
ALTER TABLE turns ADD PRIMARY KEY (position, day);

INSERT INTO course
SELECT grain, date_trunc(grain, day)::date, position / 16384,
       sum(ends), sum(announced_usd), sum(validated_usd), sum(delivered_usd), sum(verified_usd)
FROM turns CROSS JOIN unnest('{day,month}'::text[]) AS grain GROUP BY 1, 2, 3;
ALTER TABLE course ADD PRIMARY KEY (grain, since, block);

CREATE TRIGGER new_states AFTER INSERT ON pledges REFERENCING NEW TABLE AS new_states
    FOR EACH STATEMENT EXECUTE FUNCTION turn_with_new_states();
CREATE TRIGGER changed_states AFTER UPDATE ON pledges REFERENCING OLD TABLE AS old_states NEW TABLE AS new_states
    FOR EACH STATEMENT EXECUTE FUNCTION turn_with_changed_states();
