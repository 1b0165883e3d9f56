-- name: server
-- Which PostgreSQL answers.
SELECT current_setting('server_version') AS version;

-- name: ledger
-- Has any version of Tocsin been here?
SELECT to_regclass('migrations') IS NOT NULL AS kept;
