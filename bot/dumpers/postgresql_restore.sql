-- name: stands
SELECT EXISTS (SELECT FROM pg_database WHERE datname = %(name)s);

-- name: prospect
-- Of a target: its owner, its size in bytes where this account may know it, and how many are connected to it.
SELECT pg_get_userbyid(datdba),
    CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
        THEN pg_database_size(d.oid) END,
    (SELECT count(*) FROM pg_stat_activity AS a
        WHERE a.datid = d.oid AND usesysid IS NOT NULL AND pid <> pg_backend_pid())
FROM pg_database AS d WHERE datname = %(name)s;

-- name: is_connected
SELECT pg_postmaster_start_time() = %(since)s AND EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = %(name)s AND pid = %(pid)s);

-- name: drop
DROP DATABASE IF EXISTS {scratch} WITH (FORCE);

-- name: read_only
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: patience
SELECT set_config('statement_timeout', %(milliseconds)s, false);
