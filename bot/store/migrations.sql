-- name: limits
-- Of this transaction alone.
SELECT set_config('statement_timeout', %(longest_ms)s, true), set_config('lock_timeout', %(longest_ms)s, true);

-- name: one_at_a_time
-- Held until the transaction ends, so that five processes starting together migrate once.
SELECT pg_advisory_xact_lock(7206912);

-- name: create_ledger
CREATE TABLE IF NOT EXISTS migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- name: applied
SELECT name FROM migrations;

-- name: announce
-- Processes of an older version hear it as soon as it is true.
SELECT pg_notify('tocsin', 'migrations');

-- name: record
INSERT INTO migrations (name) VALUES (%(name)s);
