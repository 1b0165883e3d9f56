-- name: due_at
SELECT due_at FROM room_archives WHERE incident_id = %(incident_id)s;

-- name: save
INSERT INTO room_archives (incident_id, set_at, due_at) VALUES (%(incident_id)s, %(now)s, %(due_at)s)
ON CONFLICT (incident_id) DO UPDATE SET set_at = EXCLUDED.set_at, due_at = EXCLUDED.due_at;

-- name: forget
DELETE FROM room_archives WHERE incident_id = %(incident_id)s;

-- name: is_needed
-- Does anybody still have work in it? Open triage boxes no longer matter.
SELECT EXISTS (SELECT FROM tasks WHERE incident_id = %(incident_id)s AND done_at IS NULL)
    OR EXISTS (
        SELECT FROM checklists l JOIN checklist_items i ON i.checklist_id = l.id
        WHERE l.incident_id = %(incident_id)s AND l.name IN ('verification', 'aftercare')
          AND l.closed_at IS NULL AND l.waived_at IS NULL AND i.done_at IS NULL)
    OR EXISTS (SELECT FROM actions WHERE incident_id = %(incident_id)s AND done_at IS NULL)
    OR EXISTS (
        SELECT FROM postmortems
        WHERE incident_id = %(incident_id)s AND state NOT IN ('done', 'waived') AND withdrawn_at IS NULL)
    OR EXISTS (SELECT FROM breaches WHERE incident_id = %(incident_id)s AND due_at IS NOT NULL) AS is_needed;

-- name: due
SELECT incident_id FROM room_archives WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE room_archives SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM room_archives;
