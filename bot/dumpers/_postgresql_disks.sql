-- name: folders
-- The folder of the database's tablespace, null for the default one; the server's data folder, null if this account may
-- not know it; and the bytes of WAL between two checkpoints.
SELECT (SELECT nullif(pg_tablespace_location(dattablespace), '') FROM pg_database WHERE datname = %(name)s),
    (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
    pg_size_bytes(current_setting('max_wal_size'));
