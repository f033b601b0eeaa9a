CREATE INDEX steps_by_position ON steps (position);
-- A rebuild writes steps history by history; those of a block are to lie together.
CLUSTER steps USING steps_by_position;
-- Readers need no others than the primary keys of blocks and calendar.
ALTER TABLE members ADD PRIMARY KEY (dimension, key, kind, member);
ALTER TABLE states ADD PRIMARY KEY (id);
-- The planner has to know how few parts there are, but nothing of what no row is looked for by.
CREATE STATISTICS blocks_parts (ndistinct) ON dimension, key FROM blocks;
ALTER TABLE steps
    ALTER parts SET STATISTICS 0, ALTER pledges SET STATISTICS 0, ALTER reported SET STATISTICS 0,
    ALTER announced_usd SET STATISTICS 0, ALTER validated_usd SET STATISTICS 0,
    ALTER delivered_usd SET STATISTICS 0, ALTER verified_usd SET STATISTICS 0,
    ALTER lifecycle_announced SET STATISTICS 0, ALTER lifecycle_declined SET STATISTICS 0,
    ALTER lifecycle_validated SET STATISTICS 0, ALTER lifecycle_in_progress SET STATISTICS 0,
    ALTER lifecycle_fulfilled SET STATISTICS 0, ALTER lifecycle_withdrawn SET STATISTICS 0,
    ALTER reporting_not_due SET STATISTICS 0, ALTER reporting_due SET STATISTICS 0,
    ALTER reporting_overdue SET STATISTICS 0, ALTER reporting_silent SET STATISTICS 0,
    ALTER reporting_never_reported SET STATISTICS 0, ALTER organisations SET STATISTICS 0,
    ALTER countries SET STATISTICS 0;
ALTER TABLE blocks
    ALTER pledges SET STATISTICS 0, ALTER reported SET STATISTICS 0, ALTER announced_usd SET STATISTICS 0,
    ALTER validated_usd SET STATISTICS 0, ALTER delivered_usd SET STATISTICS 0, ALTER verified_usd SET STATISTICS 0,
    ALTER lifecycle_announced SET STATISTICS 0, ALTER lifecycle_declined SET STATISTICS 0,
    ALTER lifecycle_validated SET STATISTICS 0, ALTER lifecycle_in_progress SET STATISTICS 0,
    ALTER lifecycle_fulfilled SET STATISTICS 0, ALTER lifecycle_withdrawn SET STATISTICS 0,
    ALTER reporting_not_due SET STATISTICS 0, ALTER reporting_due SET STATISTICS 0,
    ALTER reporting_overdue SET STATISTICS 0, ALTER reporting_silent SET STATISTICS 0,
    ALTER reporting_never_reported SET STATISTICS 0, ALTER organisations SET STATISTICS 0,
    ALTER countries SET STATISTICS 0;
ALTER TABLE calendar
    ALTER reporting_not_due SET STATISTICS 0, ALTER reporting_due SET STATISTICS 0,
    ALTER reporting_overdue SET STATISTICS 0, ALTER reporting_silent SET STATISTICS 0,
    ALTER reporting_never_reported SET STATISTICS 0;
ALTER TABLE members ALTER pledges SET STATISTICS 0;
ALTER TABLE states ALTER state SET STATISTICS 0;
