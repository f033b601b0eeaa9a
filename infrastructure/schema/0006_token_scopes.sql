-- What a token is scoped to (NULL: all that its role may do), and when it was last used, to the minute.
ALTER TABLE ledger.credentials ADD COLUMN scopes text[], ADD COLUMN last_used_at timestamptz;
