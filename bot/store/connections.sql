-- name: limits
-- For the session, and not as options of the connection, which a pooler refuses or drops without a word.
SELECT set_config('statement_timeout', %(statement_ms)s, false), set_config('lock_timeout', %(lock_ms)s, false),
    set_config('idle_in_transaction_session_timeout', %(idle_ms)s, false), set_config('TimeZone', 'UTC', false),
    pg_backend_pid() AS pid;

-- name: session
-- Whose answer it is: no two sessions of one server that are there at once have the same.
SELECT pg_backend_pid() AS pid, pg_postmaster_start_time() AS server;
