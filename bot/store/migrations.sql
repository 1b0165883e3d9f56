-- name: limits
-- For this transaction only.
SELECT set_config('statement_timeout', %(longest_ms)s, true), set_config('lock_timeout', %(longest_ms)s, true);

-- name: one_at_a_time
-- Held until the transaction ends, so that processes starting together migrate only once.
SELECT pg_advisory_xact_lock(7206912);

-- name: create_ledger
CREATE TABLE IF NOT EXISTS migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- name: applied
SELECT name FROM migrations;

-- name: announce
-- Tells processes of an older version as soon as it is committed.
SELECT pg_notify('tocsin', 'migrations');

-- name: record
INSERT INTO migrations (name) VALUES (%(name)s);
