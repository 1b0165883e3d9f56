-- name: add
-- A whole delivery at once, in one order, so that two that count the same errors don't deadlock.
INSERT INTO error_counts (minute, fingerprint, count, last_at)
SELECT date_trunc('minute', %(now)s::timestamptz), given.fingerprint, given.count, %(now)s
FROM jsonb_to_recordset(%(rows)s) AS given (fingerprint text, count int)
ORDER BY given.fingerprint COLLATE "C"
ON CONFLICT (minute, fingerprint) DO UPDATE
SET count = error_counts.count + EXCLUDED.count, last_at = GREATEST(error_counts.last_at, EXCLUDED.last_at)
RETURNING fingerprint;

-- name: worst
-- Each with the words of its latest alert. It was first seen when its first alert began, however long ago.
SELECT l.title, l.level, l.labels ->> 'application' AS application, l.labels ->> 'environment' AS environment,
    c.count, f.first_at, c.last_at
FROM (
    SELECT fingerprint, sum(count)::int AS count, max(last_at) AS last_at FROM error_counts
    WHERE minute >= date_trunc('minute', %(since)s::timestamptz) GROUP BY fingerprint) c
CROSS JOIN LATERAL (
    SELECT a.title, a.level, a.labels FROM alerts a
    WHERE a.source = %(source)s AND a.fingerprint = c.fingerprint ORDER BY a.id DESC LIMIT 1) l
CROSS JOIN LATERAL (
    SELECT a.first_at FROM alerts a
    WHERE a.source = %(source)s AND a.fingerprint = c.fingerprint ORDER BY a.id LIMIT 1) f
ORDER BY array_position(%(levels)s, l.level), c.count DESC, c.last_at DESC, c.fingerprint
LIMIT %(limit)s;

-- name: total
SELECT date_trunc('minute', %(since)s::timestamptz) AS since, count(DISTINCT fingerprint)::int AS kinds,
    coalesce(sum(count), 0)::int AS count, EXISTS (SELECT FROM alerts WHERE source = %(source)s AND labels ? 'application') AS ever
FROM error_counts WHERE minute >= date_trunc('minute', %(since)s::timestamptz);

-- name: forget_old
DELETE FROM error_counts WHERE minute < %(before)s;
