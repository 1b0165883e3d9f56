-- name: crowded
-- Connection limits of the account and the database that are below what is needed; superusers have none.
SELECT words FROM pg_roles AS r, pg_database AS d, LATERAL (VALUES
    (rolconnlimit, format('its account %%I may have %%s of the %%s connections it takes: ALTER ROLE %%I CONNECTION LIMIT %%s',
        rolname, rolconnlimit, %(needed)s::int, rolname, %(needed)s::int)),
    (datconnlimit, format('the database %%I may have %%s of the %%s connections it takes: ALTER DATABASE %%I CONNECTION LIMIT %%s',
        datname, datconnlimit, %(needed)s::int, datname, %(needed)s::int))) AS each (most, words)
WHERE rolname = session_user AND datname = current_database() AND NOT rolsuper AND most >= 0 AND most < %(needed)s::int;

-- name: read_only
-- No row if this session may write.
SELECT CASE WHEN pg_is_in_recovery()
    THEN 'its server is a standby, on which nothing can be made: have the address lead to the primary'
    ELSE 'its account ' || quote_ident(session_user) || ' may only read (default_transaction_read_only): ' || CASE source
        WHEN 'database' THEN format('ALTER DATABASE %I RESET default_transaction_read_only', current_database())
        WHEN 'user' THEN format('ALTER ROLE %I RESET default_transaction_read_only', session_user)
        WHEN 'database user' THEN format('ALTER ROLE %I IN DATABASE %I RESET default_transaction_read_only',
            session_user, current_database())
        WHEN 'client' THEN 'take it out of the address'
        ELSE 'ALTER SYSTEM SET default_transaction_read_only = off; SELECT pg_reload_conf()' END
    END
FROM pg_settings
WHERE name = 'default_transaction_read_only' AND (setting = 'on' OR pg_is_in_recovery());

-- name: outdated
-- The server refuses to create a database from a template whose collation version has changed.
SELECT format('its server makes no new database, because %I was made with another version of its system''s collations '
    '(%s): have a superuser type ALTER DATABASE %I REFRESH COLLATION VERSION, and look at the indexes on text of its '
    'databases: REINDEX DATABASE', datname, datcollversion, datname)
FROM pg_database
WHERE datname = 'template0' AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)
    AND datcollversion IS NOT NULL;
