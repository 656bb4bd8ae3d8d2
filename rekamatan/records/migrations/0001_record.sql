-- The data centre's ledger of records. The store's files are the truth; these rows are their index.
-- Run as the owner. The service role may read and insert, and delete nothing but canaries.

CREATE TABLE record (
    id        text PRIMARY KEY,
    site      text NOT NULL,
    sha256    text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size      bigint NOT NULL CHECK (size > 0),
    stored_at timestamptz NOT NULL,
    path      text NOT NULL,
    CHECK (id !~ '^canary-')
);

CREATE INDEX record_site_stored_at ON record (site, stored_at);
CREATE INDEX record_stored_at ON record (stored_at);

-- Test records: the same promise, another table, so that deleting one can never touch a person's.
CREATE TABLE canary (
    id        text PRIMARY KEY CHECK (id ~ '^canary-'),
    site      text NOT NULL,
    sha256    text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size      bigint NOT NULL CHECK (size > 0),
    stored_at timestamptz NOT NULL,
    path      text NOT NULL
);

GRANT SELECT, INSERT ON record TO rekamatan;
GRANT SELECT, INSERT, DELETE ON canary TO rekamatan;
