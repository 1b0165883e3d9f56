-- name: rename
ALTER DATABASE {old} RENAME TO {new};

-- name: end_connections
-- Of people and programs, which have an account; those of the server itself go by themselves.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = ANY(%(databases)s) AND pid <> pg_backend_pid() AND usesysid IS NOT NULL;
