-- name: begin
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: patience
-- The dump may take hours in which this transaction only waits; a count gives way to others, and sees every row or none.
SELECT set_config('idle_in_transaction_session_timeout', '0', true), set_config('lock_timeout', '10s', true),
    set_config('statement_timeout', '30min', true), set_config('row_security', 'off', true);

-- name: tables
-- Those that hold rows themselves, and belong to no extension.
SELECT nspname, relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
ORDER BY nspname, relname;

-- name: export
SELECT pg_export_snapshot();

-- name: count
-- Without those of its children, which are tables of their own.
SELECT count(*) FROM ONLY {schema}.{table};
