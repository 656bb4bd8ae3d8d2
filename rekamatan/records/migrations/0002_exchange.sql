-- Receipts in the order they were entered, so that a site can ask for what is new to it; and what the
-- audit doubts. Rights as before: the service adds records and changes none of them.

ALTER TABLE record ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX record_site_seq ON record (site, seq);

-- A record whose file is gone or altered. While it stands here no receipt is given for it, and its
-- site, which keeps what it sent, finds it missing and sends it again. No foreign key: a doubt about
-- a row somebody deletes must not go with it.
CREATE TABLE doubt (
    id       text PRIMARY KEY,
    kind     text NOT NULL CHECK (kind IN ('missing', 'altered')),
    found_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT, DELETE ON doubt TO rekamatan;
