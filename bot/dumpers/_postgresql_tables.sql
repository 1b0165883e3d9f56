-- name: as_it_is
-- Where the server does not know what its bytes mean, it would refuse to send those that are no UTF-8.
SET client_encoding = 'SQL_ASCII';

-- name: tables
-- As bytes, and with the statement that counts: a database without an encoding may have names that are no text.
-- Of a table only its own rows are counted: its children are tables of their own. On a standby an unlogged one has none.
SELECT textsend(nspname::text), textsend(relname::text),
    textsend(format('SELECT count(*) FROM ONLY %I.%I', nspname, relname))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND NOT (relpersistence = 'u' AND pg_is_in_recovery())
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
ORDER BY nspname, relname;

-- name: unreadable_objects
-- Large objects that this account may not read, by whom they belong to, as one types both.
SELECT quote_ident(pg_get_userbyid(lomowner)), quote_ident(current_user), count(*), min(oid::bigint)
FROM pg_largeobject_metadata
WHERE NOT pg_has_role(lomowner, 'USAGE') AND NOT EXISTS (
    SELECT FROM aclexplode(lomacl)
    WHERE privilege_type = 'SELECT' AND CASE grantee WHEN 0 THEN true ELSE pg_has_role(grantee, 'USAGE') END)
GROUP BY lomowner ORDER BY 1;

-- name: unreadable
-- What pg_dump would stumble over: tables and sequences that this account may not read, or with a policy for it. Of an
-- extension's own only those whose rows it has dumped, in whichever schema; what is in there otherwise is not read.
-- Last, to whom a table with a policy belongs, where a member of that role sees every row.
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
