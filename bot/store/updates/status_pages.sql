-- name: keep
-- A known page keeps its feed; its files are due now, or never.
INSERT INTO status_pages (audience, feed, began_at, due_at) VALUES (%(audience)s, %(feed)s, %(now)s, %(due_at)s)
ON CONFLICT (audience) DO UPDATE SET due_at = EXCLUDED.due_at;

-- name: rest
-- Pages that the runbook no longer has are not written.
UPDATE status_pages SET due_at = NULL WHERE NOT audience = ANY(%(audiences)s);

-- name: page
SELECT audience, feed, began_at, version, written_at, error FROM status_pages WHERE audience = %(audience)s;

-- name: next_version
-- Locked until the commit, so that a later version includes all that an earlier one had. A version is an instant in
-- microseconds, so that versions also grow after a restore or with a new database.
UPDATE status_pages SET version = greatest(version + 1, %(instant)s) WHERE audience = %(audience)s
RETURNING audience, feed, began_at, version, written_at, error;

-- name: sent
-- Only what was sent to a page, and never of what is a drill or private now.
SELECT u.id, u.incident_id, u.moment, u.severity, u.subject, u.text, coalesce(u.decided_at, u.created_at) AS at,
    i.resolved_at IS NULL AS is_open
FROM stakeholder_updates u JOIN incidents i ON i.id = u.incident_id
WHERE u.audience = %(audience)s AND u.state = 'released' AND NOT i.drill AND NOT i.private
  AND (coalesce(u.decided_at, u.created_at) >= %(since)s OR i.resolved_at IS NULL)
  AND EXISTS (SELECT FROM update_deliveries d WHERE d.update_id = u.id AND d.via = 'page' AND d.state <> 'cancelled')
ORDER BY is_open DESC, u.id DESC LIMIT %(limit)s;

-- name: sent_of_works
-- As `sent`, for planned work.
SELECT u.id, u.maintenance_id, u.moment, u.subject, u.text, coalesce(u.decided_at, u.created_at) AS at,
    u.planned_from, u.planned_until
FROM stakeholder_updates u JOIN maintenance m ON m.id = u.maintenance_id
WHERE u.audience = %(audience)s AND u.state = 'released'
  AND (coalesce(u.decided_at, u.created_at) >= %(since)s OR m.state IN ('planned', 'under_way'))
  AND EXISTS (SELECT FROM update_deliveries d WHERE d.update_id = u.id AND d.via = 'page' AND d.state <> 'cancelled')
ORDER BY m.state IN ('planned', 'under_way') DESC, u.id DESC LIMIT %(limit)s;

-- name: make_due
-- Locked in one order, against deadlocks.
UPDATE status_pages SET due_at = %(now)s
WHERE audience IN (SELECT audience FROM status_pages WHERE due_at IS NOT NULL ORDER BY audience FOR UPDATE);

-- name: due
-- A page due later than its own interval allows was scheduled by a clock that was ahead.
SELECT audience FROM status_pages WHERE due_at <= %(now)s OR due_at > %(now)s::timestamptz + %(every)s::interval
ORDER BY audience;

-- name: put_off
UPDATE status_pages SET due_at = %(now)s::timestamptz + %(every)s::interval
WHERE audience IN (SELECT audience FROM status_pages WHERE audience = ANY(%(audiences)s) ORDER BY audience FOR UPDATE);

-- name: failing
SELECT audience, feed, began_at, version, written_at, error FROM status_pages WHERE due_at IS NOT NULL AND error IS NOT NULL
ORDER BY audience;

-- name: next_due
SELECT min(due_at) AS due_at FROM status_pages;

-- name: note
UPDATE status_pages SET written_at = coalesce(%(written_at)s, written_at), error = %(error)s WHERE audience = %(audience)s;
