-- name: of_incident
SELECT * FROM nudges WHERE incident_id = %(incident_id)s ORDER BY kind;

-- name: save
INSERT INTO nudges SELECT * FROM jsonb_populate_recordset(NULL::nudges, %(rows)s)
ON CONFLICT (incident_id, kind) DO UPDATE
SET due_at = EXCLUDED.due_at, set_at = EXCLUDED.set_at, asked = EXCLUDED.asked;

-- name: forget
DELETE FROM nudges WHERE incident_id = %(incident_id)s AND kind = %(kind)s;

-- name: forget_all
DELETE FROM nudges WHERE incident_id = %(incident_id)s;

-- name: due
SELECT incident_id FROM nudges WHERE due_at <= %(now)s GROUP BY incident_id ORDER BY min(due_at) LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE nudges SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM nudges;
