-- name: plan
-- Only the very first one; each report plans the next.
INSERT INTO backup_reports (since, due_at) VALUES (%(now)s, %(due_at)s) ON CONFLICT (id) DO NOTHING;

-- name: claim
SELECT since FROM backup_reports WHERE due_at <= %(now)s FOR UPDATE SKIP LOCKED;

-- name: postpone
UPDATE backup_reports SET due_at = %(due_at)s;

-- name: begin_next
UPDATE backup_reports SET since = %(since)s, due_at = %(due_at)s;

-- name: next_due
SELECT due_at FROM backup_reports;

-- name: tidied
-- For each database: what was deleted since the last report, and the good backups that exist.
SELECT wanted.name,
    count(*) FILTER (WHERE deleted_at > %(since)s AND deleted_at <= %(now)s) AS deleted,
    coalesce(sum(size) FILTER (WHERE deleted_at > %(since)s AND deleted_at <= %(now)s), 0)::bigint AS freed,
    count(*) FILTER (WHERE state = 'good') AS left,
    coalesce(sum(size) FILTER (WHERE state = 'good'), 0)::bigint AS size,
    min(started_at) FILTER (WHERE state = 'good') AS oldest_at,
    max(started_at) FILTER (WHERE state = 'good') AS newest_at
FROM unnest(%(names)s::text[]) AS wanted(name) LEFT JOIN backups USING (name)
GROUP BY wanted.name;
