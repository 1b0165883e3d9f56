-- name: insert
INSERT INTO tasks (incident_id, what, owner, asked_by, asked_at, span, due_at, ask_at, set_at)
VALUES (%(incident_id)s, %(what)s, %(owner)s, %(asked_by)s, %(now)s, %(span)s, %(due_at)s, %(due_at)s, %(now)s)
RETURNING *;

-- name: by_id
SELECT * FROM tasks WHERE id = %(id)s;

-- name: of_incident
SELECT * FROM tasks WHERE incident_id = %(incident_id)s ORDER BY id;

-- name: save
UPDATE tasks
SET owner = %(owner)s, due_at = %(due_at)s, ask_at = %(ask_at)s, set_at = %(set_at)s, asked = %(asked)s,
    done_at = %(done_at)s, done_by = %(done_by)s
WHERE id = %(id)s;

-- name: rest
UPDATE tasks SET ask_at = NULL WHERE incident_id = %(incident_id)s AND ask_at IS NOT NULL;

-- name: due
SELECT incident_id FROM tasks WHERE ask_at <= %(now)s GROUP BY incident_id ORDER BY min(ask_at) LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE tasks SET ask_at = %(until)s WHERE incident_id = %(incident_id)s AND ask_at <= %(now)s;

-- name: next_due
SELECT min(ask_at) AS due_at FROM tasks;
