-- name: properties
-- What belongs to a database but isn't content. `options`: what CREATE DATABASE needs to create one of the same kind;
-- columns that this server version doesn't have are null here. A null tablespace is the default one, null rights are
-- the default privileges.
SELECT jsonb_build_object(
    'options', concat_ws(' ',
        'ENCODING ' || quote_literal(pg_encoding_to_char(encoding)),
        'LC_COLLATE ' || quote_literal(datcollate),
        'LC_CTYPE ' || quote_literal(datctype),
        'LOCALE_PROVIDER ' || CASE facts ->> 'datlocprovider'
            WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' END,
        CASE facts ->> 'datlocprovider' WHEN 'i' THEN 'ICU_LOCALE ' WHEN 'b' THEN 'BUILTIN_LOCALE ' END
            || quote_literal(coalesce(facts ->> 'datlocale', facts ->> 'daticulocale')),
        'ICU_RULES ' || quote_literal(facts ->> 'daticurules')),
    'owner', pg_get_userbyid(datdba),
    'tablespace', (
        SELECT spcname FROM pg_tablespace AS t WHERE t.oid = dattablespace AND spcname <> 'pg_default'),
    'limit', datconnlimit,
    'is_template', datistemplate,
    'comment', shobj_description(d.oid, 'pg_database'),
    'rights', CASE WHEN datacl IS NOT NULL THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_array(
            CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee) END, privilege_type, is_grantable)), '[]')
        FROM aclexplode(datacl)) END,
    'settings', (
        SELECT coalesce(jsonb_agg(jsonb_build_array(rolname, setting) ORDER BY rolname NULLS FIRST, number), '[]')
        FROM pg_db_role_setting LEFT JOIN pg_roles AS r ON r.oid = setrole,
            unnest(setconfig) WITH ORDINALITY AS each (setting, number)
        WHERE setdatabase = d.oid),
    'slots', (SELECT coalesce(jsonb_agg(slot_name ORDER BY slot_name), '[]')
        FROM pg_replication_slots WHERE slot_type = 'logical' AND database = datname),
    'subscriptions', (SELECT coalesce(jsonb_agg(subname ORDER BY subname), '[]') FROM pg_subscription WHERE subdbid = d.oid))
FROM (SELECT d.*, to_jsonb(d) AS facts FROM pg_database d) AS d WHERE datname = %(name)s;

-- name: create
CREATE DATABASE {database} TEMPLATE template0;

-- name: owned_by
OWNER {owner}

-- name: kept_in
TABLESPACE {tablespace}

-- name: quieten
-- Until it gets its properties: event triggers that write would add rows, and a login trigger may keep us out.
SELECT format('ALTER DATABASE %%I SET %%I TO %%s', %(database)s::text, name, value)
FROM (VALUES ('event_triggers', 'off'), ('session_replication_role', 'replica')) AS each (name, value)
JOIN pg_settings USING (name) WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
ORDER BY name LIMIT 1;

-- name: wake
ALTER DATABASE {database} RESET ALL;

-- name: may_use
SELECT has_tablespace_privilege(oid, 'CREATE') FROM pg_tablespace WHERE spcname = %(tablespace)s;

-- name: close_to_all
REVOKE ALL ON DATABASE {database} FROM PUBLIC;

-- name: statements
-- The statements that restore these privileges, limit, owner and comment; each with a description.
SELECT format('%%s for %%s', each ->> 1, coalesce(each ->> 0, 'everybody')),
    format('GRANT %%s ON DATABASE %%I TO %%s%%s', each ->> 1, %(database)s::text,
        coalesce(quote_ident(each ->> 0), 'PUBLIC'), CASE WHEN (each ->> 2)::boolean THEN ' WITH GRANT OPTION' END)
FROM jsonb_array_elements(%(rights)s) AS each WHERE each ->> 1 IN ('CREATE', 'CONNECT', 'TEMPORARY')
UNION ALL
SELECT 'its connection limit', format('ALTER DATABASE %%I CONNECTION LIMIT %%s', %(database)s::text, %(limit)s::integer)
WHERE %(limit)s::integer >= 0
UNION ALL
SELECT 'its owner, ' || %(owner)s::text, format('ALTER DATABASE %%I OWNER TO %%I', %(database)s::text, %(owner)s::text)
FROM pg_database WHERE datname = %(database)s::text AND pg_get_userbyid(datdba) <> %(owner)s::text
UNION ALL
SELECT 'its comment', format('COMMENT ON DATABASE %%I IS %%L', %(database)s::text, %(comment)s::text)
WHERE %(comment)s::text IS NOT NULL;

-- name: set_here
SELECT set_config(%(name)s, %(value)s, true);

-- name: keep
ALTER DATABASE {database} SET {name} FROM CURRENT;

-- name: keep_for_role
ALTER ROLE {role} IN DATABASE {database} SET {name} FROM CURRENT;

-- name: keep_as
-- A name is accepted in place of a string here.
ALTER DATABASE {database} SET {name} TO {value};

-- name: keep_for_role_as
ALTER ROLE {role} IN DATABASE {database} SET {name} TO {value};
