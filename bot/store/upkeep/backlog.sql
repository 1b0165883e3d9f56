-- name: oldest
-- Each uses the index that finds due rows.
SELECT 'escalations' AS kind, false AS is_outbox, min(due_at) AS due_at
FROM escalations WHERE due_at IS NOT NULL HAVING count(*) > 0
UNION ALL
SELECT 'requests', false, min(due_at) FROM requests WHERE due_at IS NOT NULL HAVING count(*) > 0
UNION ALL
SELECT 'deadlines', false, min(due_at) FROM deadlines WHERE due_at IS NOT NULL HAVING count(*) > 0
UNION ALL
SELECT 'inactivity', false, min(due_at) FROM inactivity HAVING count(*) > 0
UNION ALL
SELECT c.kind, true, min(c.due_at) FROM outbox c
WHERE c.state IN ('waiting', 'sending')
  AND (c.lane IS NULL OR NOT EXISTS (
      SELECT FROM outbox f
      WHERE f.lane = c.lane AND f.state IN ('waiting', 'sending') AND f.id <> c.id
        AND (f.state = 'sending' OR (f.priority, f.id) < (c.priority, c.id))))
GROUP BY c.kind;

-- name: leases
-- Expired leases count for nobody.
SELECT coalesce(holder, '') AS holder, kind, count(*) AS count
FROM outbox WHERE state = 'sending' AND due_at > %(now)s GROUP BY holder, kind
UNION ALL
SELECT holder, 'requests', count(*)
FROM requests WHERE due_at > %(now)s AND holder IS NOT NULL GROUP BY holder;

-- name: processes
-- Processes connected to this database under one of our application names.
SELECT DISTINCT substr(application_name, length(%(prefix)s::text) + 1) AS process
FROM pg_stat_activity
WHERE datname = current_database() AND starts_with(application_name, %(prefix)s::text);
