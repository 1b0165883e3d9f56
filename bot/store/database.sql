-- name: server_time
-- The reference time, the server's version, and whether it is read-only.
SELECT clock_timestamp() AS now, current_setting('server_version') AS version,
    current_setting('transaction_read_only')::boolean AS read_only;

-- name: listen
-- Receive a notice when any process has made something due.
LISTEN tocsin;

-- name: take_room
-- A write too large for the space left by deleted rows, so the file has to grow. Always rolled back.
INSERT INTO requests (key, kind, body, received_at, worked_at)
SELECT gen_random_uuid()::text, 'event', jsonb_agg(md5(random()::text)), to_timestamp(0), to_timestamp(0)
FROM generate_series(1, 2000);
