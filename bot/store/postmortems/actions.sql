-- name: insert
INSERT INTO actions (incident_id, what, owner, by_at, priority, link, created_by, created_at, set_at)
VALUES (%(incident_id)s, %(what)s, %(owner)s, %(by_at)s, %(priority)s, %(link)s, %(created_by)s, %(now)s, %(now)s)
RETURNING *;

-- name: by_id
SELECT * FROM actions WHERE id = %(id)s;

-- name: of_incident
SELECT * FROM actions WHERE incident_id = %(incident_id)s ORDER BY id;

-- name: open
-- The first due comes first.
SELECT * FROM actions WHERE done_at IS NULL ORDER BY by_at, id LIMIT %(limit)s;

-- name: left
-- Of resolved incidents, except drills and private ones.
SELECT a.* FROM actions a JOIN incidents i ON i.id = a.incident_id
WHERE a.done_at IS NULL AND i.resolved_at IS NOT NULL AND NOT i.drill AND NOT i.private
ORDER BY a.by_at, a.id;

-- name: save
UPDATE actions
SET owner = %(owner)s, by_at = %(by_at)s, done_by = %(done_by)s, done_at = %(done_at)s, set_at = %(set_at)s,
    due_at = %(due_at)s
WHERE id = %(id)s;

-- name: due
SELECT incident_id FROM actions WHERE due_at <= %(now)s GROUP BY incident_id ORDER BY min(due_at) LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE actions SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM actions WHERE due_at IS NOT NULL;

-- name: begin_lists
INSERT INTO action_lists (set_at, due_at) VALUES (%(now)s, %(due_at)s) ON CONFLICT DO NOTHING;

-- name: claim_list
SELECT due_at FROM action_lists WHERE due_at <= %(now)s FOR UPDATE SKIP LOCKED;

-- name: plan_list
UPDATE action_lists SET set_at = %(now)s, due_at = %(due_at)s;

-- name: next_list
SELECT min(due_at) AS due_at FROM action_lists;
