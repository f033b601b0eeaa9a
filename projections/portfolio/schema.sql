-- What each part of the portfolio came to: signed changes of the figures of a total, by day, by month and by year. What a
-- part came to at the end of a day is the sum of the years before that day's, of the months before its month in its
-- year, and of the days of its month up to it: some twenty rows, however long the history.
CREATE TABLE figures (
    dimension               text    NOT NULL, -- and key: both empty for the whole portfolio
    key                     text    COLLATE "C" NOT NULL, -- empty for what is not stated
    grain                   text    NOT NULL CHECK (grain IN ('day', 'month', 'year')),
    since                   date    NOT NULL, -- the first day; it may lie ahead
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
    organisations           bigint  NOT NULL, -- how many more have a pledge in the part that stands
    countries               bigint  NOT NULL,
    PRIMARY KEY (dimension, grain, since, key)
);

-- How many standing pledges bring an organisation or a country into a part, now: it counts once, however many do.
CREATE TABLE members (
    dimension text   NOT NULL,
    key       text   COLLATE "C" NOT NULL,
    kind      text   NOT NULL CHECK (kind IN ('organisations', 'countries')),
    member    text   COLLATE "C" NOT NULL,
    pledges   bigint NOT NULL CHECK (pledges > 0),
    PRIMARY KEY (dimension, key, kind, member)
);

-- Every pledge after all its facts, in the order in which they were recorded.
CREATE TABLE states (
    id    uuid PRIMARY KEY,
    state text NOT NULL
);

-- Facts that were recorded before they were true: until they were, the running totals tell too much.
CREATE TABLE ahead (
    recorded_on  date NOT NULL,
    effective_on date NOT NULL,
    PRIMARY KEY (recorded_on, effective_on)
);
