-- name: as_it_is
-- With an unknown server encoding, any other client encoding would refuse bytes that aren't UTF-8.
SET client_encoding = 'SQL_ASCII';

-- name: tables
-- As bytes, with the counting statement: without an encoding, names may not be text. Only a table's own rows are
-- counted, as its children are tables themselves. Unlogged tables have no rows on a standby.
SELECT textsend(nspname::text), textsend(relname::text),
    textsend(format('SELECT count(*) FROM ONLY %I.%I', nspname, relname))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND NOT (relpersistence = 'u' AND pg_is_in_recovery())
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
ORDER BY nspname, relname;

-- name: unreadable_objects
-- Large objects that this account may not read, by owner; both quoted.
SELECT quote_ident(pg_get_userbyid(lomowner)), quote_ident(current_user), count(*), min(oid::bigint)
FROM pg_largeobject_metadata
WHERE NOT pg_has_role(lomowner, 'USAGE') AND NOT EXISTS (
    SELECT FROM aclexplode(lomacl)
    WHERE privilege_type = 'SELECT' AND CASE grantee WHEN 0 THEN true ELSE pg_has_role(grantee, 'USAGE') END)
GROUP BY lomowner ORDER BY 1;

-- name: unreadable
-- What would make pg_dump fail: tables and sequences that this account may not read, or that have row security for it.
-- Of an extension's tables, only those whose rows it has dumped. Last column: the owner of a table with row security,
-- if members of that role see every row.
SELECT format('%I.%I', nspname, relname) || coalesce(' of the extension ' || quote_ident(extname), ''),
    quote_ident(current_user), NOT is_denied,
    (SELECT quote_ident(rolname) FROM pg_roles AS r WHERE r.oid = relowner AND NOT (rolsuper OR relforcerowsecurity))
FROM (
    SELECT c.*, nspname, extname, NOT has_schema_privilege(n.oid, 'USAGE')
        OR NOT CASE relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
            ELSE has_table_privilege(c.oid, 'SELECT') END AS is_denied
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
        LEFT JOIN pg_extension ON c.oid = ANY(extconfig)
    WHERE relpersistence <> 't' AND CASE WHEN extname IS NOT NULL THEN relkind IN ('r', 'S')
        ELSE relkind IN ('r', 'p', 'S', 'm') AND nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT EXISTS (
            SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e') END
) AS every WHERE is_denied OR (relkind = 'r' AND row_security_active(oid))
ORDER BY nspname, relname;
