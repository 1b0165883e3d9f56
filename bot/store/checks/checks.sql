-- name: sow
-- Ensures a row for each check of the runbook; a new one is due at once. An existing one may become due sooner, because
-- the runbook may now ask for more frequent looks.
INSERT INTO checks (name, due_at) SELECT name, %(now)s FROM unnest(%(names)s::text[]) AS name
ON CONFLICT (name) DO UPDATE SET due_at = LEAST(checks.due_at, %(latest)s);

-- name: stop_believing_others
-- A check removed from the runbook keeps its last state, but nobody waits for it.
UPDATE checks SET believed = 'healthy', recent = '{}'
WHERE believed <> 'healthy' AND NOT name = ANY(%(names)s)
RETURNING name;

-- name: claim_due
-- Each goes to one process, which has to report before its lease ends.
UPDATE checks c
SET due_at = %(now)s + due.lease, fence = c.fence + 1
FROM (
    SELECT d.name, wanted.lease FROM checks d
    JOIN unnest(%(names)s::text[], %(leases)s::interval[]) AS wanted (name, lease) USING (name)
    WHERE d.due_at <= %(now)s
    ORDER BY d.due_at
    LIMIT %(limit)s
    FOR UPDATE OF d SKIP LOCKED) due
WHERE c.name = due.name
RETURNING c.name, c.fence;

-- name: next_due
SELECT min(due_at) AS due_at FROM checks WHERE name = ANY(%(names)s);

-- name: lock_claim
-- No row when the lease has expired and another process has claimed it since.
SELECT believed, recent FROM checks WHERE name = %(name)s AND fence = %(fence)s FOR UPDATE;

-- name: conclude
UPDATE checks SET believed = %(believed)s, recent = %(recent)s, due_at = %(due_at)s WHERE name = %(name)s;

-- name: see
-- Records every look, and the latest one on its check. An unchanged state keeps its `since`. A look that began earlier
-- but ended later than another doesn't overwrite it.
WITH latest AS (
    UPDATE checks
    SET state = %(state)s, value = %(value)s, reason = %(reason)s, latency = %(latency)s, looked_at = %(at)s,
        since = CASE WHEN state = %(state)s THEN since ELSE %(at)s END
    WHERE name = %(name)s AND (looked_at IS NULL OR looked_at <= %(at)s))
INSERT INTO check_looks (check_name, at, state, value, reason, latency, measured)
VALUES (%(name)s, %(at)s, %(state)s, %(value)s, %(reason)s, %(latency)s, %(measured)s);

-- name: looks
SELECT at, state, latency, measured FROM check_looks
WHERE check_name = %(name)s AND at > %(since)s AND at <= %(until)s ORDER BY at, id;

-- name: down_between
SELECT DISTINCT check_name FROM check_looks
WHERE check_name = ANY(%(names)s) AND at > %(since)s AND at <= %(until)s AND state = 'down';

-- name: latest
SELECT name, state, since, looked_at, value, reason, latency, recent FROM checks
WHERE name = ANY(%(names)s) AND state IS NOT NULL;

-- name: turns
-- Looks whose state differs from the one before, newest first.
SELECT check_name AS check, state, at, until, value, reason FROM (
    SELECT changed.*, lead(at) OVER (PARTITION BY check_name ORDER BY at, id) AS until FROM (
        SELECT l.*, lag(state) OVER (PARTITION BY check_name ORDER BY at, id) AS before
        FROM check_looks l WHERE check_name = ANY(%(names)s)) changed
    WHERE before IS DISTINCT FROM state) turned
ORDER BY at DESC, check_name LIMIT %(limit)s;

-- name: availability
-- For each check, the share of looks that did not find it down. A single pass without a sort, because all checks
-- together may have a million looks.
SELECT check_name, w.span,
    100.0::float8 * count(*) FILTER (WHERE state <> 'down') / count(*) AS available,
    %(now)s::timestamptz - min(at) AS measured
FROM check_looks JOIN unnest(%(spans)s::interval[]) AS w (span) ON at > %(now)s::timestamptz - w.span
WHERE check_name = ANY(%(names)s) AND at <= %(now)s
GROUP BY check_name, w.span
ORDER BY w.span;

-- name: paces
-- One check's response times within each span.
SELECT w.span,
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM l.latency)::float8) AS took
FROM check_looks l JOIN unnest(%(spans)s::interval[]) AS w (span) ON l.at > %(now)s::timestamptz - w.span
WHERE l.check_name = %(name)s AND l.at <= %(now)s AND l.state <> 'down'
GROUP BY w.span
ORDER BY w.span;

-- name: forget_old
DELETE FROM check_looks WHERE at < %(before)s;
