-- name: rename
ALTER DATABASE {old} RENAME TO {new};

-- name: end_connections
-- Of people and programs, which have an account; those of the server itself go by themselves.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = ANY(%(databases)s) AND pid <> pg_backend_pid() AND usesysid IS NOT NULL;

-- name: owner
-- What is to be said so that one database belongs to the owner of another.
SELECT format('ALTER DATABASE %%I OWNER TO %%I', %(scratch)s::text, pg_get_userbyid(datdba))
FROM pg_database WHERE datname = %(target)s AND pg_get_userbyid(datdba) <> current_user;

-- name: rights
-- What is to be said so that one database has the rights and the limit of another.
SELECT format('ALTER DATABASE %%I CONNECTION LIMIT %%s', %(scratch)s::text, datconnlimit)
FROM pg_database WHERE datname = %(target)s AND datconnlimit >= 0
UNION ALL
SELECT format('REVOKE ALL ON DATABASE %%I FROM PUBLIC', %(scratch)s::text)
FROM pg_database WHERE datname = %(target)s AND datacl IS NOT NULL
UNION ALL
SELECT format('GRANT %%s ON DATABASE %%I TO %%s%%s', privilege_type, %(scratch)s::text,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END)
FROM pg_database, aclexplode(datacl) WHERE datname = %(target)s;

-- name: settings
-- Null = for everybody who connects.
SELECT rolname, setconfig FROM pg_db_role_setting
JOIN pg_database AS d ON d.oid = setdatabase LEFT JOIN pg_roles AS r ON r.oid = setrole
WHERE datname = %(target)s ORDER BY rolname;

-- name: set_here
SELECT set_config(%(name)s, %(value)s, true);

-- name: keep
ALTER DATABASE {database} SET {name} FROM CURRENT;

-- name: keep_for_role
ALTER ROLE {role} IN DATABASE {database} SET {name} FROM CURRENT;
