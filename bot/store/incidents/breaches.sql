-- name: get
SELECT * FROM breaches WHERE incident_id = %(incident_id)s;

-- name: save
INSERT INTO breaches
    (incident_id, detected_at, begun_by, set_at, reminded_left, due_at, notified_at, notified_by, notified)
VALUES
    (%(incident_id)s, %(detected_at)s, %(begun_by)s, %(set_at)s, %(reminded_left)s, %(due_at)s, %(notified_at)s,
        %(notified_by)s, %(notified)s)
ON CONFLICT (incident_id) DO UPDATE
SET detected_at = EXCLUDED.detected_at, set_at = EXCLUDED.set_at, reminded_left = EXCLUDED.reminded_left,
    due_at = EXCLUDED.due_at, notified_at = EXCLUDED.notified_at, notified_by = EXCLUDED.notified_by,
    notified = EXCLUDED.notified;

-- name: due
SELECT incident_id FROM breaches WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE breaches SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM breaches;
