-- name: get
SELECT * FROM watches WHERE incident_id = %(incident_id)s;

-- name: begin
INSERT INTO watches (incident_id, ended_at, set_at, due_at)
VALUES (%(incident_id)s, %(ended_at)s, %(set_at)s, %(due_at)s)
ON CONFLICT (incident_id) DO UPDATE
SET ended_at = EXCLUDED.ended_at, set_at = EXCLUDED.set_at, due_at = EXCLUDED.due_at;

-- name: end
DELETE FROM watches WHERE incident_id = %(incident_id)s;

-- name: due
SELECT incident_id FROM watches WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE watches SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM watches;
