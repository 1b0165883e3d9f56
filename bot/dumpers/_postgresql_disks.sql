-- name: folders
-- The folder of a database's tablespace, null for the usual one; the server's own, null for an account that may not know
-- it; and the bytes of log between two checkpoints.
SELECT (SELECT nullif(pg_tablespace_location(dattablespace), '') FROM pg_database WHERE datname = %(name)s),
    (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
    pg_size_bytes(current_setting('max_wal_size'));
