-- What came with a signature that does not say when it was made: the same once more may be somebody's copy.
CREATE TABLE alert_originals (
    source text NOT NULL,
    digest bytea NOT NULL,                   -- SHA-256 of the body
    at timestamptz NOT NULL,                 -- when it came first
    PRIMARY KEY (source, digest)
);
-- Which are too old to be kept?
CREATE INDEX alert_originals_at ON alert_originals (at);
