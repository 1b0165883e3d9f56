-- name: stands
SELECT EXISTS (SELECT FROM pg_database WHERE datname = %(name)s);

-- name: number
SELECT oid::bigint FROM pg_database WHERE datname = %(name)s;

-- name: prospect
-- The target's owner, its size in bytes if this account may know it, and its number of connections.
SELECT pg_get_userbyid(datdba),
    CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
        THEN pg_database_size(d.oid) END,
    (SELECT count(*) FROM pg_stat_activity AS a
        WHERE a.datid = d.oid AND usesysid IS NOT NULL AND pid <> pg_backend_pid())
FROM pg_database AS d WHERE datname = %(name)s;

-- name: running
-- A physical copy of a server has the same identifier, but another start time.
SELECT format('%s since %s', system_identifier, extract(epoch FROM pg_postmaster_start_time()))
FROM pg_control_system() WHERE has_function_privilege('pg_control_system()', 'EXECUTE');

-- name: blockers
-- What keeps this database from being renamed and can't be ended by this account: prepared transactions, connections,
-- and subscriptions, which would go on feeding it under its new name.
SELECT 'the prepared transaction ' || gid || ' (COMMIT PREPARED or ROLLBACK PREPARED it)'
FROM pg_prepared_xacts WHERE database = %(name)s
UNION ALL
SELECT DISTINCT 'a connection of ' || usename || ' (have it closed: '
    || CASE WHEN rolsuper THEN 'only a superuser may end it' ELSE 'or GRANT pg_signal_backend TO ' || quote_ident(current_user) END || ')'
FROM pg_stat_activity JOIN pg_roles AS r ON r.oid = usesysid
WHERE datname = %(name)s AND pid <> pg_backend_pid()
    AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    AND (rolsuper OR NOT (pg_has_role(usesysid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')))
UNION ALL
SELECT format('the subscription %%I (ALTER SUBSCRIPTION %%I DISABLE: only its owner %%s may)',
    subname, subname, pg_get_userbyid(subowner))
FROM pg_subscription JOIN pg_database AS d ON d.oid = subdbid
WHERE datname = %(name)s AND subenabled AND NOT pg_has_role(subowner, 'USAGE');

-- name: subscribes
-- No row if this database has no subscriptions.
SELECT FROM pg_subscription JOIN pg_database AS d ON d.oid = subdbid WHERE datname = %(name)s LIMIT 1;

-- name: is_connected
SELECT pg_postmaster_start_time() = %(since)s AND EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = %(name)s AND pid = %(pid)s);

-- name: read_only
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: within_limits
-- Row security that hides rows raises an error, so that a count is never silently too low.
SELECT set_config('statement_timeout', %(milliseconds)s, false), set_config('row_security', 'off', false);

-- name: as_its_people
-- The search_path of the database or the account.
RESET search_path;
