-- name: rename
ALTER DATABASE {old} RENAME TO {new};

-- name: end_connections
-- Only backends with an account, of people and programs; the server's own go by themselves.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = ANY(%(databases)s) AND pid <> pg_backend_pid() AND usesysid IS NOT NULL;
