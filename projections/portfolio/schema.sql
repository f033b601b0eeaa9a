-- What each fact changed, by itself: signed changes of the figures of a total, in all those parts in which they are the
-- same. Most facts need one row: a contribution changes the same two figures in every part that its pledge belongs to. Who
-- joined or left with it has rows of its own.
CREATE TABLE steps (
    position                bigint  NOT NULL,
    parts                   jsonb   NOT NULL, -- by dimension the keys, as in the tables below
    pledges                 bigint,           -- here and below: NULL where nothing changes
    reported                bigint,
    announced_usd           numeric,
    validated_usd           numeric,
    delivered_usd           numeric,
    verified_usd            numeric,
    lifecycle_announced     bigint,
    lifecycle_declined      bigint,
    lifecycle_validated     bigint,
    lifecycle_in_progress   bigint,
    lifecycle_fulfilled     bigint,
    lifecycle_withdrawn     bigint,
    reporting_not_due       bigint,
    reporting_due           bigint,
    reporting_overdue       bigint,
    reporting_silent        bigint,
    reporting_never_reported bigint,
    organisations           bigint,           -- how many more have a pledge in the part that stands
    countries               bigint
);

-- The same added up, by part, over blocks of positions: the first block of a size has the positions below it, and so on.
CREATE TABLE blocks (
    dimension               text    NOT NULL, -- and key: both empty for the whole portfolio
    key                     text    COLLATE "C" NOT NULL, -- empty for what is not stated
    size                    integer NOT NULL,
    block                   integer NOT NULL,
    pledges                 bigint  NOT NULL,
    reported                bigint  NOT NULL,
    announced_usd           numeric NOT NULL,
    validated_usd           numeric NOT NULL,
    delivered_usd           numeric NOT NULL,
    verified_usd            numeric NOT NULL,
    lifecycle_announced     bigint  NOT NULL,
    lifecycle_declined      bigint  NOT NULL,
    lifecycle_validated     bigint  NOT NULL,
    lifecycle_in_progress   bigint  NOT NULL,
    lifecycle_fulfilled     bigint  NOT NULL,
    lifecycle_withdrawn     bigint  NOT NULL,
    reporting_not_due       bigint  NOT NULL,
    reporting_due           bigint  NOT NULL,
    reporting_overdue       bigint  NOT NULL,
    reporting_silent        bigint  NOT NULL,
    reporting_never_reported bigint NOT NULL,
    organisations           bigint  NOT NULL,
    countries               bigint  NOT NULL,
    PRIMARY KEY (dimension, size, block, key)
);

-- What changes on a later day than that of the fact, if nothing happens until then: reporting. By day, by month and by
-- year; a day may lie ahead.
CREATE TABLE calendar (
    dimension               text    NOT NULL,
    key                     text    COLLATE "C" NOT NULL,
    grain                   text    NOT NULL CHECK (grain IN ('day', 'month', 'year')),
    since                   date    NOT NULL, -- the first day
    reporting_not_due       bigint  NOT NULL,
    reporting_due           bigint  NOT NULL,
    reporting_overdue       bigint  NOT NULL,
    reporting_silent        bigint  NOT NULL,
    reporting_never_reported bigint NOT NULL,
    PRIMARY KEY (dimension, grain, since, key)
);

-- How many standing pledges bring an organisation or a country into a part, now: it counts once, however many do.
CREATE TABLE members (
    dimension text   NOT NULL,
    key       text   COLLATE "C" NOT NULL,
    kind      text   NOT NULL CHECK (kind IN ('organisations', 'countries')),
    member    text   COLLATE "C" NOT NULL,
    pledges   bigint NOT NULL CHECK (pledges > 0)
);

-- Every pledge after all its facts, in the order in which they were recorded.
CREATE TABLE states (
    id    uuid NOT NULL,
    state text NOT NULL
);

-- Facts that were recorded before they were true: until they were, the running totals tell too much.
CREATE TABLE ahead (
    recorded_on  date   NOT NULL,
    effective_on date   NOT NULL,
    position     bigint NOT NULL, -- of the first of these
    PRIMARY KEY (recorded_on, effective_on)
);
