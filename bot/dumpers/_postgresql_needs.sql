-- name: needs
-- Under the names of the manifest. Parts of an extension or of another object come with that and are left out.
WITH
parts AS (SELECT classid, objid FROM pg_depend WHERE deptype IN ('e', 'i')),
owned AS (
    SELECT * FROM (
        -- Indexes and TOAST tables belong to their table, but pg_depend doesn't make those of an extension's table
        -- parts of it.
        SELECT relowner AS owner, oid, 'pg_class'::regclass AS class, relnamespace AS space FROM pg_class
            WHERE relkind NOT IN ('i', 'I', 't')
        UNION ALL SELECT proowner, oid, 'pg_proc'::regclass, pronamespace FROM pg_proc
        UNION ALL SELECT nspowner, oid, 'pg_namespace'::regclass, NULL FROM pg_namespace
        UNION ALL SELECT typowner, oid, 'pg_type'::regclass, typnamespace FROM pg_type
        UNION ALL SELECT lomowner, oid, 'pg_largeobject'::regclass, NULL FROM pg_largeobject_metadata
        UNION ALL SELECT dictowner, oid, 'pg_ts_dict'::regclass, dictnamespace FROM pg_ts_dict
        UNION ALL SELECT cfgowner, oid, 'pg_ts_config'::regclass, cfgnamespace FROM pg_ts_config
        UNION ALL SELECT oprowner, oid, 'pg_operator'::regclass, oprnamespace FROM pg_operator
        UNION ALL SELECT collowner, oid, 'pg_collation'::regclass, collnamespace FROM pg_collation
        UNION ALL SELECT conowner, oid, 'pg_conversion'::regclass, connamespace FROM pg_conversion
        UNION ALL SELECT stxowner, oid, 'pg_statistic_ext'::regclass, stxnamespace FROM pg_statistic_ext
        UNION ALL SELECT pubowner, oid, 'pg_publication'::regclass, NULL FROM pg_publication
        UNION ALL SELECT srvowner, oid, 'pg_foreign_server'::regclass, NULL FROM pg_foreign_server
        UNION ALL SELECT defaclrole, d.oid, 'pg_default_acl'::regclass, NULL
            FROM pg_default_acl AS d JOIN pg_roles AS r ON r.oid = defaclrole WHERE NOT rolsuper
    ) AS every
    -- A large object may have any oid.
    WHERE (oid >= 16384 OR class = 'pg_largeobject'::regclass) AND (class, oid) NOT IN (SELECT * FROM parts)
),
-- Without objects that follow the owner of their table.
to_be_given AS (
    SELECT * FROM owned WHERE pg_get_userbyid(owner) NOT LIKE 'pg\_%' AND class <> 'pg_default_acl'::regclass
        AND (class <> 'pg_class'::regclass OR EXISTS (
            SELECT FROM pg_class AS c WHERE c.oid = owned.oid AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'a'))))
),
-- Since 15, `public` belongs to pg_database_owner; an upgraded server keeps the old owner.
public_schema AS (
    SELECT nspowner AS owner FROM pg_namespace JOIN pg_roles AS r ON r.oid = nspowner
    WHERE nspname = 'public' AND rolsuper AND current_setting('server_version_num')::int >= 150000
),
-- Objects of the server or an extension that belong to a superuser, and whose privileges have been changed since.
changed_rights AS (
    SELECT * FROM (
        SELECT 'pg_proc'::regclass AS class, oid, proowner AS owner, proacl AS rights, 'f'::"char" AS kind FROM pg_proc
        UNION ALL SELECT 'pg_class'::regclass, oid, relowner, relacl, 'r' FROM pg_class
        UNION ALL SELECT 'pg_language'::regclass, oid, lanowner, lanacl, 'l' FROM pg_language
        UNION ALL SELECT 'pg_type'::regclass, oid, typowner, typacl, 'T' FROM pg_type
        UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, fdwowner, fdwacl, 'F' FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner, nspacl, 'n' FROM pg_namespace
    ) AS every
    LEFT JOIN pg_init_privs AS first ON first.objoid = every.oid AND first.classoid = every.class AND first.objsubid = 0
    WHERE rights IS NOT NULL AND rights IS DISTINCT FROM first.initprivs AND (SELECT rolsuper FROM pg_roles AS r WHERE r.oid = owner)
        AND (every.oid < 16384 OR EXISTS (
            SELECT FROM pg_depend AS d WHERE d.objid = every.oid AND d.classid = every.class AND d.deptype = 'e'))
),
-- A REVOKE or GRANT by somebody without any privilege on the object fails; with some privilege it only warns.
rights_of_superusers AS (
    SELECT 'the rights on the ' || found.type || ' ' || found.identity AS words, EXISTS (
        SELECT FROM aclexplode(coalesce(initprivs, acldefault(kind, owner))) WHERE grantee = 0) AS is_ignored
    FROM changed_rights, pg_identify_object(class, oid, 0) AS found
    -- A dump doesn't contain the privileges of that schema.
    WHERE 'information_schema' IS DISTINCT FROM coalesce(found.schema, found.name)
),
only_superusers AS (
    SELECT words FROM (
        SELECT 'the event trigger ' || quote_ident(evtname) AS words, oid, 'pg_event_trigger'::regclass AS class
            FROM pg_event_trigger
        UNION ALL SELECT 'the publication of all tables ' || quote_ident(pubname), oid, 'pg_publication'::regclass
            FROM pg_publication WHERE puballtables
        UNION ALL SELECT 'the publication of whole schemas ' || quote_ident(pubname), p.oid, 'pg_publication'::regclass
            FROM pg_publication AS p JOIN pg_depend ON refobjid = p.oid AND refclassid = 'pg_publication'::regclass
            WHERE classid = to_regclass('pg_catalog.pg_publication_namespace')
        UNION ALL SELECT 'the foreign-data wrapper ' || quote_ident(fdwname), oid, 'pg_foreign_data_wrapper'::regclass
            FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'the operator family ' || quote_ident(opfname), oid, 'pg_opfamily'::regclass FROM pg_opfamily
        UNION ALL SELECT 'the operator class ' || quote_ident(opcname), oid, 'pg_opclass'::regclass FROM pg_opclass
        UNION ALL SELECT 'the leakproof function ' || quote_ident(proname), oid, 'pg_proc'::regclass
            FROM pg_proc WHERE proleakproof
        UNION ALL SELECT 'the function with planner support ' || quote_ident(proname), oid, 'pg_proc'::regclass
            FROM pg_proc WHERE prosupport <> 0
        UNION ALL SELECT 'the function ' || quote_ident(proname) || ' in ' || lanname, p.oid, 'pg_proc'::regclass
            FROM pg_proc AS p JOIN pg_language AS l ON l.oid = prolang
            WHERE NOT lanpltrusted AND prokind <> 'a'
        UNION ALL SELECT 'the aggregate with internal state ' || quote_ident(proname), p.oid, 'pg_proc'::regclass
            FROM pg_proc AS p JOIN pg_aggregate ON aggfnoid = p.oid
            WHERE 'internal'::regtype IN (aggtranstype, aggmtranstype)
        UNION ALL SELECT 'the language ' || quote_ident(lanname), oid, 'pg_language'::regclass FROM pg_language
        UNION ALL SELECT 'the access method ' || quote_ident(amname), oid, 'pg_am'::regclass FROM pg_am
        UNION ALL SELECT 'the text search parser ' || quote_ident(prsname), oid, 'pg_ts_parser'::regclass
            FROM pg_ts_parser
        UNION ALL SELECT 'the text search template ' || quote_ident(tmplname), oid, 'pg_ts_template'::regclass
            FROM pg_ts_template
        UNION ALL SELECT 'the base type ' || format_type(oid, NULL), oid, 'pg_type'::regclass FROM pg_type
            WHERE typtype = 'b' AND typcategory <> 'A'
        UNION ALL SELECT 'the cast from ' || format_type(castsource, NULL) || ' to ' || format_type(casttarget, NULL),
            c.oid, 'pg_cast'::regclass
            FROM pg_cast AS c JOIN pg_type AS s ON s.oid = castsource JOIN pg_type AS t ON t.oid = casttarget
            WHERE castmethod = 'b' OR (SELECT bool_and(rolsuper) FROM pg_roles AS r WHERE r.oid IN (s.typowner, t.typowner))
        UNION ALL SELECT 'the transform of ' || format_type(trftype, NULL) || ' for ' || lanname, f.oid,
            'pg_transform'::regclass
            FROM pg_transform AS f JOIN pg_language AS l ON l.oid = trflang JOIN pg_type AS t ON t.oid = trftype
            JOIN pg_roles AS r ON r.oid = typowner
            WHERE rolsuper OR NOT lanpltrusted
        UNION ALL SELECT 'the default privileges of ' || quote_ident(rolname), d.oid, 'pg_default_acl'::regclass
            FROM pg_default_acl AS d JOIN pg_roles AS r ON r.oid = defaclrole WHERE rolsuper
        -- It is in every new database and belongs to a superuser.
        UNION ALL SELECT 'the comment on the extension plpgsql', oid, 'pg_extension'::regclass
            FROM pg_extension WHERE extname = 'plpgsql' AND obj_description(oid, 'pg_extension') IS NOT NULL
    ) AS every WHERE oid >= 16384 AND (class, oid) NOT IN (SELECT * FROM parts)
    -- In every new database of an older server, it belongs to a superuser and has a comment.
    UNION ALL SELECT 'the owner of the schema public' FROM pg_namespace JOIN pg_roles AS r ON r.oid = nspowner
    WHERE nspname = 'public' AND NOT rolsuper AND current_setting('server_version_num')::int < 150000
    UNION ALL SELECT 'the comment on the schema public' FROM pg_namespace AS n
    WHERE nspname = 'public' AND current_setting('server_version_num')::int < 150000
        AND obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM 'standard public schema'
    UNION ALL SELECT words FROM rights_of_superusers WHERE NOT is_ignored
    -- Applies to extensions that anybody may create, too: their tables belong to a superuser unless they let others
    -- write.
    UNION ALL SELECT 'the rows of ' || c.oid::regclass || ' of the extension ' || quote_ident(extname)
    FROM pg_extension AS e JOIN pg_available_extension_versions AS v ON v.name = extname AND v.version = extversion
        JOIN pg_class AS c ON c.oid = ANY(extconfig)
        LEFT JOIN pg_init_privs AS first ON first.objoid = c.oid AND first.classoid = 'pg_class'::regclass
            AND first.objsubid = 0
    WHERE v.superuser AND relkind IN ('r', 'S') AND NOT EXISTS (
        SELECT FROM aclexplode(initprivs)
        WHERE privilege_type = CASE relkind WHEN 'S' THEN 'UPDATE' ELSE 'INSERT' END
            AND (grantee = 0 OR (grantee = extowner AND extowner <> relowner)))
    UNION ALL SELECT 'what ' || grantors.names || ' granted on the ' || found.type || ' ' || found.identity
    FROM (
        SELECT class, oid, string_agg(DISTINCT quote_ident(pg_get_userbyid(grantor)), ', ') AS names FROM (
            SELECT 'pg_class'::regclass AS class, oid, relowner AS owner, relacl AS rights FROM pg_class
            UNION ALL SELECT 'pg_class'::regclass, attrelid, relowner, attacl
                FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
            UNION ALL SELECT 'pg_proc'::regclass, oid, proowner, proacl FROM pg_proc
            UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner, nspacl FROM pg_namespace
            UNION ALL SELECT 'pg_type'::regclass, oid, typowner, typacl FROM pg_type
            UNION ALL SELECT 'pg_foreign_server'::regclass, oid, srvowner, srvacl FROM pg_foreign_server
            UNION ALL SELECT 'pg_largeobject'::regclass, oid, lomowner, lomacl FROM pg_largeobject_metadata
        ) AS every, aclexplode(rights)
        WHERE (oid >= 16384 OR class = 'pg_largeobject'::regclass) AND grantor <> owner GROUP BY class, oid
    ) AS grantors, pg_identify_object(class, oid, 0) AS found
    UNION ALL SELECT
        'the ' || found.type || ' ' || found.identity || ' of ' || quote_ident(pg_get_userbyid(owner))
        || ' in the schema of another'
    FROM to_be_given JOIN pg_namespace AS n ON n.oid = space, pg_identify_object(class, to_be_given.oid, 0) AS found
    WHERE nspname <> 'public' AND NOT pg_has_role(owner, nspowner, 'USAGE')
)
SELECT jsonb_build_object(
    'owners', (SELECT coalesce(jsonb_agg(DISTINCT pg_get_userbyid(owner)), '[]') FROM (
        SELECT owner FROM owned UNION ALL SELECT owner FROM public_schema) AS every),
    'of_superusers', (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_array(role, what)), '[]') FROM (
        SELECT rolname AS role, replace(upper(found.type), ' OBJECT', CASE found.type WHEN 'large object' THEN ' OBJECT' ELSE '' END)
            || ' ' || found.identity AS what
        FROM to_be_given JOIN pg_roles AS r ON r.oid = owner, pg_identify_object(class, to_be_given.oid, 0) AS found
        WHERE rolsuper
        UNION ALL SELECT rolname, 'SCHEMA public' FROM public_schema JOIN pg_roles AS r ON r.oid = owner) AS every),
    'extensions', (SELECT coalesce(jsonb_agg(extname ORDER BY extname), '[]')
        FROM pg_extension JOIN pg_available_extension_versions ON name = extname AND version = extversion
        WHERE superuser AND NOT trusted),
    'size', pg_database_size(current_database()),
    'creators', (SELECT coalesce(jsonb_agg(DISTINCT pg_get_userbyid(grantee)), '[]') FROM pg_namespace, aclexplode(nspacl)
        WHERE nspname = 'public' AND privilege_type = 'CREATE' AND grantee <> 0),
    'publishers', (SELECT coalesce(jsonb_agg(DISTINCT pg_get_userbyid(pubowner)), '[]') FROM pg_publication),
    'installed', (SELECT coalesce(jsonb_agg(extname ORDER BY extname), '[]') FROM pg_extension),
    'superuser', (SELECT coalesce(jsonb_agg(DISTINCT words), '[]') FROM only_superusers),
    'roles', (SELECT coalesce(jsonb_agg(DISTINCT rolname), '[]') FROM pg_shdepend JOIN pg_roles AS r ON r.oid = refobjid
        WHERE refclassid = 'pg_authid'::regclass
            AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())),
    'veiled', (SELECT coalesce(jsonb_agg(format('%I.%I', nspname, relname) ORDER BY nspname, relname), '[]')
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity
            AND ('pg_class'::regclass, c.oid) NOT IN (SELECT * FROM parts)),
    'tablespaces', (SELECT coalesce(jsonb_agg(DISTINCT spcname), '[]')
        FROM pg_class JOIN pg_tablespace AS t ON t.oid = reltablespace WHERE spcname <> 'pg_global'),
    'parameters', (SELECT coalesce(jsonb_agg(DISTINCT name), '[]')
        FROM pg_proc, unnest(proconfig) AS each JOIN pg_settings ON lower(name) = lower(split_part(each, '=', 1))
        WHERE context = 'superuser'),
    'ignored', (SELECT coalesce(jsonb_agg(DISTINCT words), '[]') FROM (
        SELECT words FROM rights_of_superusers WHERE is_ignored
        UNION ALL SELECT 'the options of the user mapping of ' || quote_ident(usename) || ' for ' || quote_ident(srvname)
        FROM pg_user_mappings WHERE umoptions IS NULL AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    ) AS every));

-- name: account
-- This account's quoted name; may it create databases, is it a superuser, and does it inherit?
SELECT quote_ident(rolname), rolcreatedb OR rolsuper, rolsuper, rolinherit FROM pg_roles WHERE rolname = current_user;

-- name: not_available
-- Which of these extensions aren't installed on the server's machine.
SELECT name FROM unnest(%(extensions)s::text[]) AS each (name)
WHERE name NOT IN (SELECT name FROM pg_available_extensions) ORDER BY name;

-- name: superusers_extensions
-- Which of these only a superuser can create here, in the default version, as a dump doesn't name one. If this server
-- doesn't have the extension, the backup's own list decides.
SELECT name FROM unnest(%(extensions)s::text[] || %(installed)s::text[]) AS each (name)
LEFT JOIN pg_available_extensions USING (name)
LEFT JOIN pg_available_extension_versions AS made USING (name)
WHERE made.version IS NOT DISTINCT FROM default_version
    AND coalesce(superuser AND NOT trusted, name = ANY(%(extensions)s::text[]))
GROUP BY name ORDER BY name;

-- name: not_there
-- The quoted roles that this server lacks, and whether each has to own something.
SELECT quote_ident(name), name = ANY(%(owners)s) FROM unnest(%(roles)s::text[] || %(owners)s::text[]) AS each (name)
WHERE name NOT IN (SELECT rolname FROM pg_roles) GROUP BY name ORDER BY name;

-- name: strangers
-- The quoted owners to whom this account can't give anything, and whether they are superusers.
SELECT quote_ident(rolname), rolsuper FROM pg_roles
WHERE NOT (pg_has_role(oid, 'USAGE') AND pg_has_role(oid, %(become)s)) AND rolname = ANY(%(owners)s)
ORDER BY rolsuper, rolname;

-- name: heir
-- Who should best get a superuser's objects: the owner of the target, otherwise another owner.
SELECT quote_ident(rolname) FROM pg_roles
WHERE NOT rolsuper AND rolname NOT LIKE 'pg\_%%' AND (rolname = %(owner)s OR rolname = ANY(%(owners)s))
ORDER BY rolname = %(owner)s DESC, rolname LIMIT 1;

-- name: sees_every_row
-- One row; none if row security applies to this account.
SELECT FROM pg_roles WHERE rolname = current_user AND rolbypassrls;

-- name: quoted
SELECT quote_ident(%(name)s);

-- name: closed_tablespaces
-- The quoted tablespaces of these in which this account may not create anything.
SELECT quote_ident(spcname) FROM pg_tablespace
WHERE spcname = ANY(%(tablespaces)s) AND NOT has_tablespace_privilege(oid, 'CREATE') ORDER BY spcname;

-- name: closed_parameters
-- Which of these settings this account may not set; before 15 that couldn't be granted.
SELECT name FROM unnest(%(parameters)s::text[]) AS each (name)
WHERE NOT has_parameter_privilege(name, 'SET') ORDER BY name;

-- name: owners_without_schema
-- A table can be given only to a role that may create in its schema, but a dump grants that after all tables have been
-- given. Superusers are exempt.
SELECT rolname FROM pg_roles
WHERE rolname = ANY(%(owners)s) AND NOT has_schema_privilege(oid, 'public', 'CREATE')
  AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
ORDER BY rolname;

-- name: publishers_without_database
-- Likewise, a publication can be given only to a role that may create in the database.
SELECT rolname FROM pg_roles
WHERE rolname = ANY(%(publishers)s) AND NOT has_database_privilege(oid, current_database(), 'CREATE')
  AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
ORDER BY rolname;

-- name: may_create
GRANT CREATE ON SCHEMA public TO {role};

-- name: may_not_create
REVOKE CREATE ON SCHEMA public FROM {role};

-- name: may_publish
GRANT CREATE ON DATABASE {database} TO {role};

-- name: may_not_publish
REVOKE CREATE ON DATABASE {database} FROM {role};
