-- name: properties
-- What belongs to a database and not to its content. `options` are what it is to be made with in order to be of the same
-- kind, as CREATE DATABASE understands it: of its columns some are younger than others, and those that this server has
-- not are null here. A tablespace that is null is the default one, rights that are null are the usual ones.
SELECT jsonb_build_object(
    'options', concat_ws(' ',
        'ENCODING ' || quote_literal(pg_encoding_to_char(encoding)),
        'LC_COLLATE ' || quote_literal(datcollate),
        'LC_CTYPE ' || quote_literal(datctype),
        'LOCALE_PROVIDER ' || CASE facts ->> 'datlocprovider'
            WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' END,
        CASE facts ->> 'datlocprovider' WHEN 'i' THEN 'ICU_LOCALE ' WHEN 'b' THEN 'BUILTIN_LOCALE ' END
            || quote_literal(coalesce(facts ->> 'datlocale', facts ->> 'daticulocale'))),
    'owner', pg_get_userbyid(datdba),
    'tablespace', (
        SELECT spcname FROM pg_tablespace AS t WHERE t.oid = dattablespace AND spcname <> 'pg_default'),
    'limit', datconnlimit,
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
    'subscriptions', (SELECT coalesce(jsonb_agg(subname ORDER BY subname), '[]') FROM pg_subscription WHERE subdbid = d.oid))
FROM (SELECT d.*, to_jsonb(d) AS facts FROM pg_database d) AS d WHERE datname = %(name)s;

-- name: needs
-- To whom something in this database belongs, which of its extensions only a superuser can make, how large it is, who may
-- create in its schema `public` by a GRANT of their own, all its extensions, and what else only a superuser can make.
SELECT
    (SELECT coalesce(jsonb_agg(DISTINCT pg_get_userbyid(owner)), '[]') FROM (
        SELECT relowner AS owner, oid FROM pg_class UNION ALL SELECT proowner, oid FROM pg_proc
        UNION ALL SELECT nspowner, oid FROM pg_namespace UNION ALL SELECT typowner, oid FROM pg_type
        UNION ALL SELECT lomowner, oid FROM pg_largeobject_metadata UNION ALL SELECT dictowner, oid FROM pg_ts_dict
        UNION ALL SELECT cfgowner, oid FROM pg_ts_config UNION ALL SELECT oprowner, oid FROM pg_operator
        UNION ALL SELECT collowner, oid FROM pg_collation UNION ALL SELECT conowner, oid FROM pg_conversion
        UNION ALL SELECT stxowner, oid FROM pg_statistic_ext UNION ALL SELECT pubowner, oid FROM pg_publication
        UNION ALL SELECT srvowner, oid FROM pg_foreign_server UNION ALL SELECT defaclrole, oid FROM pg_default_acl
        ) AS every
    WHERE oid >= 16384 AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype IN ('e', 'i'))),
    (SELECT coalesce(jsonb_agg(extname ORDER BY extname), '[]')
    FROM pg_extension JOIN pg_available_extension_versions ON name = extname AND version = extversion
    WHERE superuser AND NOT trusted),
    pg_database_size(current_database()),
    (SELECT coalesce(jsonb_agg(DISTINCT pg_get_userbyid(grantee)), '[]') FROM pg_namespace, aclexplode(nspacl)
    WHERE nspname = 'public' AND privilege_type = 'CREATE' AND grantee <> 0),
    (SELECT coalesce(jsonb_agg(extname ORDER BY extname), '[]') FROM pg_extension),
    (SELECT coalesce(jsonb_agg(DISTINCT words ORDER BY words), '[]') FROM (
        SELECT 'the event trigger ' || quote_ident(evtname) AS words, oid FROM pg_event_trigger
        UNION ALL SELECT 'the publication of all tables ' || quote_ident(pubname), oid FROM pg_publication
            WHERE puballtables
        UNION ALL SELECT 'the foreign-data wrapper ' || quote_ident(fdwname), oid FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'the operator family ' || quote_ident(opfname), oid FROM pg_opfamily
        UNION ALL SELECT 'the operator class ' || quote_ident(opcname), oid FROM pg_opclass
        UNION ALL SELECT 'the leakproof function ' || quote_ident(proname), oid FROM pg_proc WHERE proleakproof
        UNION ALL SELECT 'the function ' || quote_ident(proname) || ' in ' || lanname, p.oid
            FROM pg_proc AS p JOIN pg_language AS l ON l.oid = prolang WHERE NOT lanpltrusted
    ) AS every WHERE oid >= 16384 AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype IN ('e', 'i')));

-- name: not_available
-- Which of these extensions are not installed on the machine of this server.
SELECT name FROM unnest(%(extensions)s::text[]) AS each (name)
WHERE name NOT IN (SELECT name FROM pg_available_extensions) ORDER BY name;

-- name: owners_without_schema
-- A table can be given only to whom may create in its schema, and a dump grants that when all tables have been given. Only
-- a superuser is not asked.
SELECT rolname FROM pg_roles
WHERE rolname = ANY(%(owners)s) AND NOT has_schema_privilege(oid, 'public', 'CREATE')
  AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
ORDER BY rolname;

-- name: may_create
GRANT CREATE ON SCHEMA public TO {role};

-- name: may_not_create
REVOKE CREATE ON SCHEMA public FROM {role};

-- name: account
-- What is this account called, as one types it, may it make databases, and may it do everything?
SELECT quote_ident(rolname), rolcreatedb OR rolsuper, rolsuper FROM pg_roles WHERE rolname = current_user;

-- name: strangers
-- Of the owner of the target and the others those that this account can give nothing to. A role that is not there is
-- found when it is needed, and then the server names it. As one types them.
SELECT quote_ident(rolname) FROM pg_roles AS r
WHERE NOT (pg_has_role(r.oid, 'USAGE') AND pg_has_role(r.oid, 'MEMBER')) AND (
    r.rolname = ANY(%(owners)s) OR r.oid = (SELECT datdba FROM pg_database WHERE datname = %(target)s))
ORDER BY rolname;

-- name: create
CREATE DATABASE {database} TEMPLATE template0;

-- name: owned_by
OWNER {owner}

-- name: kept_in
TABLESPACE {tablespace}

-- name: may_use
SELECT has_tablespace_privilege(oid, 'CREATE') FROM pg_tablespace WHERE spcname = %(tablespace)s;

-- name: close_to_all
REVOKE ALL ON DATABASE {database} FROM PUBLIC;

-- name: statements
-- What is to be said so that a database has these rights, this limit and this comment; and what that is, in words.
SELECT format('%%s for %%s', each ->> 1, coalesce(each ->> 0, 'everybody')),
    format('GRANT %%s ON DATABASE %%I TO %%s%%s', each ->> 1, %(database)s::text,
        coalesce(quote_ident(each ->> 0), 'PUBLIC'), CASE WHEN (each ->> 2)::boolean THEN ' WITH GRANT OPTION' END)
FROM jsonb_array_elements(%(rights)s) AS each WHERE each ->> 1 IN ('CREATE', 'CONNECT', 'TEMPORARY')
UNION ALL
SELECT 'its connection limit', format('ALTER DATABASE %%I CONNECTION LIMIT %%s', %(database)s::text, %(limit)s::integer)
WHERE %(limit)s::integer >= 0
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
-- A name is as good as a string there.
ALTER DATABASE {database} SET {name} TO {value};

-- name: keep_for_role_as
ALTER ROLE {role} IN DATABASE {database} SET {name} TO {value};
