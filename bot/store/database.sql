-- name: server_time
-- What time it is for everybody, which server says so, and whether it takes changes.
SELECT clock_timestamp() AS now, current_setting('server_version') AS version,
    current_setting('transaction_read_only')::boolean AS read_only;

-- name: listen
-- Hear when any process has made something due.
LISTEN tocsin;

-- name: take_room
-- Larger than what earlier rows have left free: a file has to grow for it. To be undone.
INSERT INTO requests (key, kind, body, received_at, worked_at)
SELECT gen_random_uuid()::text, 'event', jsonb_agg(md5(random()::text)), to_timestamp(0), to_timestamp(0)
FROM generate_series(1, 2000);
