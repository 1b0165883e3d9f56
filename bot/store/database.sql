-- name: server_time
-- What time it is for everybody, and which server says so.
SELECT clock_timestamp() AS now, current_setting('server_version') AS version;

-- name: listen
-- Hear when any process has made something due.
LISTEN tocsin;
