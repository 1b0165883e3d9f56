-- name: of_incident
SELECT * FROM deadlines WHERE incident_id = %(incident_id)s ORDER BY kind;

-- name: save
INSERT INTO deadlines (incident_id, kind, severity, since, within, by, warned_at, due_at, missed_at, at_work)
VALUES (%(incident_id)s, %(kind)s, %(severity)s, %(since)s, %(within)s, %(by)s, %(warned_at)s, %(due_at)s, %(missed_at)s,
    %(at_work)s)
ON CONFLICT (incident_id, kind) DO UPDATE
SET severity = EXCLUDED.severity, since = EXCLUDED.since, within = EXCLUDED.within, by = EXCLUDED.by,
    warned_at = EXCLUDED.warned_at, due_at = EXCLUDED.due_at, missed_at = EXCLUDED.missed_at, at_work = EXCLUDED.at_work;

-- name: end
-- Before newer ones replace them: those that were met, or missed.
INSERT INTO ended_deadlines (incident_id, kind, severity, since, by, done_at)
SELECT incident_id, kind, severity, since, by, done_at FROM (
    SELECT d.*, CASE d.kind WHEN 'respond' THEN i.acknowledged_at ELSE i.resolved_at END AS done_at
    FROM deadlines d JOIN incidents i ON i.id = d.incident_id
    WHERE d.incident_id = %(incident_id)s AND d.kind = ANY(%(kinds)s)) promised
WHERE done_at IS NOT NULL OR by <= %(now)s
ON CONFLICT DO NOTHING;

-- name: ended
SELECT kind, severity, since, by, done_at FROM ended_deadlines
WHERE incident_id = %(incident_id)s ORDER BY since, by, kind, severity;

-- name: forget
DELETE FROM deadlines WHERE incident_id = %(incident_id)s AND kind = %(kind)s;

-- name: due
SELECT incident_id FROM deadlines WHERE due_at <= %(now)s GROUP BY incident_id ORDER BY min(due_at) LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE deadlines SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM deadlines WHERE due_at IS NOT NULL;

-- name: is_said_by_paging
-- Nobody acknowledged by `by`: has the ladder escalated at about the same time, or is it about to?
SELECT EXISTS (
    SELECT FROM timeline
    WHERE incident_id = %(incident_id)s AND kind = 'escalated' AND actor = %(actor)s AND at BETWEEN %(by)s AND %(until)s) OR EXISTS (
    SELECT FROM escalations WHERE incident_id = %(incident_id)s AND state = 'climbing'
        AND next_at <= least(%(now)s, %(until)s)) AS is_said;
