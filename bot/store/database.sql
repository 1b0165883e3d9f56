-- name: server_time
-- What time it is for everybody, which server says so, and whether it takes changes.
SELECT clock_timestamp() AS now, current_setting('server_version') AS version,
    current_setting('transaction_read_only')::boolean AS read_only;

-- name: listen
-- Hear when any process has made something due.
LISTEN tocsin;
