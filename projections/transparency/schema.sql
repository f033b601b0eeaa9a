-- The tiles of the tree, by level and number: 32 bytes for each hash that is there, 256 of them in a full tile, which
-- never changes any more. The entry at position p is leaf p - 1: positions have no gaps.
CREATE TABLE tiles (
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    index  bigint   NOT NULL CHECK (index >= 0),
    hashes bytea    NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (level, index)
);
-- Hashes cannot be compressed; do not try.
ALTER TABLE tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- The entries of each full tile of leaves in one row, as an entry bundle: each with its length in two bytes before it.
-- A copy, sealed for good, so that whoever reads everything reads 256 entries at once; the ledger's table is the truth.
CREATE TABLE bundles (
    index   bigint PRIMARY KEY CHECK (index >= 0),
    entries bytea  NOT NULL
);
-- Compressing takes longer than reading does, and what is read the most is to be read the fastest.
ALTER TABLE bundles ALTER COLUMN entries SET STORAGE EXTERNAL;
