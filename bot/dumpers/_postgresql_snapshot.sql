-- name: begin
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: statement_timeout
-- This transaction may be idle for hours during the dump. A count gives way to others' locks, and sees all rows or
-- fails.
SELECT set_config('idle_in_transaction_session_timeout', '0', true), set_config('lock_timeout', '10s', true),
    set_config('statement_timeout', '30min', true), set_config('row_security', 'off', true);

-- name: export
SELECT pg_export_snapshot();
