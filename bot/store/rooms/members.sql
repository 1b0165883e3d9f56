-- name: of_incident
-- Each person's latest change, oldest first.
SELECT person, is_in, changed_at FROM incident_members WHERE incident_id = %(incident_id)s ORDER BY changed_at, person;

-- name: paged
-- When each person was last paged for it, whatever the outcome: for an overdue page when it was tried, for one planned
-- later when that was decided.
SELECT person, max(GREATEST(coalesce(planned_at, due_at), first_attempt_at)) AS at FROM pages WHERE incident_id = %(incident_id)s GROUP BY person ORDER BY 2, 1;

-- name: change
INSERT INTO incident_members (incident_id, person, is_in, changed_by, changed_at)
VALUES (%(incident_id)s, %(person)s, %(is_in)s, %(changed_by)s, %(now)s)
ON CONFLICT (incident_id, person) DO UPDATE
SET is_in = EXCLUDED.is_in, changed_by = EXCLUDED.changed_by, changed_at = EXCLUDED.changed_at;
