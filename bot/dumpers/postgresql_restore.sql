-- name: may_create
-- May this account make databases? And what is it called?
SELECT rolcreatedb OR rolsuper, rolname FROM pg_roles WHERE rolname = current_user;

-- name: stands
SELECT EXISTS (SELECT FROM pg_database WHERE datname = %(name)s);

-- name: kind_of
-- What a database is to be made with in order to be of the same kind, as CREATE DATABASE understands it.
-- Of its columns some are younger than others: those that this server has not are null here.
SELECT concat_ws(' ',
    'ENCODING ' || quote_literal(pg_encoding_to_char(encoding)),
    'LC_COLLATE ' || quote_literal(datcollate),
    'LC_CTYPE ' || quote_literal(datctype),
    'LOCALE_PROVIDER ' || CASE facts ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' END,
    CASE facts ->> 'datlocprovider' WHEN 'i' THEN 'ICU_LOCALE ' WHEN 'b' THEN 'BUILTIN_LOCALE ' END
        || quote_literal(coalesce(facts ->> 'datlocale', facts ->> 'daticulocale')))
FROM (SELECT d.*, to_jsonb(d) AS facts FROM pg_database d) AS d WHERE datname = %(name)s;

-- name: create
CREATE DATABASE {scratch} TEMPLATE template0;

-- name: drop
DROP DATABASE IF EXISTS {scratch} WITH (FORCE);

-- name: read_only
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: patience
SELECT set_config('statement_timeout', %(milliseconds)s, false);
