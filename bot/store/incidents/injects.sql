-- name: of_incident
SELECT * FROM injects WHERE incident_id = %(incident_id)s ORDER BY number;

-- name: add
INSERT INTO injects (incident_id, number, kind, text, set_at, due_at)
VALUES (%(incident_id)s, %(number)s, %(kind)s, %(text)s, %(set_at)s, %(due_at)s)
ON CONFLICT DO NOTHING;

-- name: came
UPDATE injects SET came_at = %(now)s, due_at = NULL WHERE incident_id = %(incident_id)s AND number = %(number)s;

-- name: stop
UPDATE injects SET due_at = NULL WHERE incident_id = %(incident_id)s AND due_at IS NOT NULL;

-- name: due
SELECT incident_id FROM injects WHERE due_at <= %(now)s GROUP BY incident_id ORDER BY min(due_at) LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE injects SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM injects WHERE due_at IS NOT NULL;
