-- One person's data is taken out: in its place stands the same name of nobody, so that every count stays right.

-- Whom somebody had forgotten: `former-<number>` in every row that was theirs.
CREATE TABLE forgotten_people (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity jsonb,                          -- by what they are found, until nothing of it is left; null = forgotten
    begun_at timestamptz NOT NULL,
    ended_at timestamptz                     -- null = something still names them
);

-- The text without the person: what is nothing but one of the `words`, and whatever the pattern finds in it.
CREATE FUNCTION without_person(said text, words text[], pattern text, former text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN said = ANY(words) THEN former ELSE regexp_replace(said, pattern, former, 'gi') END
$$;

-- The same of JSON, as its text: `quoted` finds whole strings and keys.
CREATE FUNCTION without_person(said jsonb, pattern text, quoted text, former text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(regexp_replace(said::text, quoted, '"' || former || '"', 'gi'), pattern, former, 'gi')::jsonb
$$;

-- In which rows of the table does one of these columns name the person? As the condition of a statement about them.
CREATE FUNCTION rows_naming(held regclass, columns text[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT '(' || string_agg(CASE
            WHEN atttypid IN ('json'::regtype, 'jsonb'::regtype)
                THEN format('%1$I::text ~* $2 OR %1$I::text ~* $3', attname)
            WHEN atttypid = 'text[]'::regtype
                THEN format('%1$I && $1 OR array_to_string(%1$I, '' '') ~* $2', attname)
            WHEN atttypid = 'bytea'::regtype
                THEN format('replace(encode(%1$I, ''escape''), ''\\\\'', ''\\'') ~* $2', attname)
            ELSE format('%1$I = ANY($1) OR %1$I ~* $2', attname) END, ' OR ') || ')'
    FROM pg_attribute WHERE attrelid = held AND attname = ANY(columns)
$$;

-- How many rows of this part of the table name the person: from one block of its file to before another.
CREATE FUNCTION count_naming(held regclass, columns text[], first_block bigint, last_block bigint,
                             words text[], pattern text, quoted text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE found bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s WHERE ctid >= ''(%s,0)'' AND ctid < ''(%s,0)'' AND %s',
                   held, first_block, last_block, rows_naming(held, columns))
        INTO found USING words, pattern, quoted;
    RETURN found;
END $$;

-- Takes the person out of these columns, within the same part.
CREATE FUNCTION forget_person(held regclass, columns text[], first_block bigint, last_block bigint,
                              words text[], pattern text, quoted text, former text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE changes text; changed bigint;
BEGIN
    SELECT string_agg(CASE
            WHEN atttypid = 'jsonb'::regtype THEN format('%1$I = without_person(%1$I, $2, $3, $4)', attname)
            -- Kept as it was written, with the order of its keys.
            WHEN atttypid = 'json'::regtype THEN format(
                '%1$I = regexp_replace(regexp_replace(%1$I::text, $3, ''"'' || $4 || ''"'', ''gi''), $2, $4, ''gi'')::json', attname)
            WHEN atttypid = 'text[]'::regtype
                THEN format('%1$I = ARRAY(SELECT without_person(one, $1, $2, $4) FROM unnest(%1$I) one)', attname)
            -- Raw bodies: what was said in them has been taken in.
            WHEN atttypid = 'bytea'::regtype THEN format('%1$I = ''''', attname)
            ELSE format('%1$I = without_person(%1$I, $1, $2, $4)', attname) END, ', ')
        INTO changes FROM pg_attribute WHERE attrelid = held AND attname = ANY(columns);
    EXECUTE format('UPDATE %s SET %s WHERE ctid >= ''(%s,0)'' AND ctid < ''(%s,0)'' AND %s%s',
                   held, changes, first_block, last_block, rows_naming(held, columns),
                   -- What identifies an alert that fires, or its open card, is how its end will be recognised.
                   CASE held WHEN 'alerts'::regclass THEN ' AND resolved_at IS NOT NULL'
                       WHEN 'alert_groups'::regclass THEN ' AND closed_at IS NOT NULL' ELSE '' END)
        USING words, pattern, quoted, former;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END $$;
