-- name: look_into_bodies
-- The account may have it switched off.
SET check_function_bodies = on;

-- name: called_while_filling
-- SQL functions, stored as text and without a search_path of their own, that are called when rows are loaded, an index
-- is built or a view is filled; and their caller. Extensions take care of their own functions.
SELECT DISTINCT ON (p.oid) p.oid::bigint, p.oid::regprocedure::text, found.type || ' ' || found.identity
FROM pg_proc AS p JOIN pg_language AS l ON l.oid = prolang JOIN pg_depend AS d ON d.refobjid = p.oid,
    pg_identify_object(d.classid, d.objid, 0) AS found
WHERE lanname = 'sql' AND to_jsonb(p) ->> 'prosqlbody' IS NULL AND d.refclassid = 'pg_proc'::regclass
    AND NOT EXISTS (SELECT FROM unnest(proconfig) AS each WHERE each LIKE 'search_path=%%')
    AND NOT EXISTS (SELECT FROM pg_depend AS e
        WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
    AND CASE d.classid
        WHEN 'pg_constraint'::regclass THEN EXISTS (SELECT FROM pg_constraint AS c WHERE c.oid = d.objid AND contype = 'c')
        WHEN 'pg_class'::regclass THEN
            EXISTS (SELECT FROM pg_class AS c WHERE c.oid = d.objid AND relkind IN ('i', 'p') AND d.objsubid = 0)
            -- Before 15, a generated column depends like this.
            OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = d.objid AND attnum = d.objsubid AND attgenerated <> '')
        WHEN 'pg_attrdef'::regclass THEN EXISTS (
            SELECT FROM pg_attrdef AS a JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
            WHERE a.oid = d.objid AND attgenerated <> '')
        WHEN 'pg_rewrite'::regclass THEN EXISTS (
            SELECT FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = ev_class
            WHERE r.oid = d.objid AND relkind = 'm' AND relispopulated)
        ELSE false END
ORDER BY p.oid, d.classid, d.objid;

-- name: validate
-- As at creation: resolves what the body names, and calls nothing.
SELECT fmgr_sql_validator(%(number)s);
