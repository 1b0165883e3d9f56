-- name: connections
-- How many connections are in use, this one among them, of how many there may be. The kind of other people's backends
-- is hidden from a plain user; that they are in a database is not.
SELECT count(*) AS used, current_setting('max_connections')::int AS most
FROM pg_stat_activity
WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend';
