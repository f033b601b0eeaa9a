-- Whom to write to about an organisation's pledges: persons, who are no part of the ledger and can be erased.
CREATE TABLE ledger.contacts (
    organisation_id uuid NOT NULL,
    id              text COLLATE "C" NOT NULL, -- the task, such as focal-point
    name            text NOT NULL,
    email           text NOT NULL,
    phone           text,
    PRIMARY KEY (organisation_id, id)
);
