-- name: of_incident
SELECT * FROM inactivity WHERE incident_id = %(incident_id)s;

-- name: save
INSERT INTO inactivity (incident_id, asked_at, due_at) VALUES (%(incident_id)s, %(asked_at)s, %(due_at)s)
ON CONFLICT (incident_id) DO UPDATE SET asked_at = EXCLUDED.asked_at, due_at = EXCLUDED.due_at;

-- name: forget
DELETE FROM inactivity WHERE incident_id = %(incident_id)s;

-- name: heard_at
-- The bot's own actions don't count as activity.
SELECT max(at) AS at FROM timeline WHERE incident_id = %(incident_id)s AND actor <> 'tocsin';

-- name: due
SELECT incident_id FROM inactivity WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE inactivity SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM inactivity;
