-- name: limits
-- Set in the session, not as connection options, which a pooler refuses or silently drops.
SELECT set_config('statement_timeout', %(statement_ms)s, false), set_config('lock_timeout', %(lock_ms)s, false),
    set_config('idle_in_transaction_session_timeout', %(idle_ms)s, false), set_config('TimeZone', 'UTC', false),
    -- Since version 17.
    (SELECT set_config(name, %(transaction_ms)s, false) FROM pg_settings WHERE name = 'transaction_timeout'),
    pg_backend_pid() AS pid;

-- name: session
-- Identifies the session: no two that exist at once on one server give the same answer.
SELECT pg_backend_pid() AS pid, pg_postmaster_start_time() AS server;
