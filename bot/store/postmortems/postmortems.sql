-- name: of_incident
SELECT * FROM postmortems WHERE incident_id = %(incident_id)s;

-- name: save
INSERT INTO postmortems
    (incident_id, state, owner, reasons, since, schedule_due_at, draft_due_at, review_due_at, set_at, version,
        scheduled_at, link, sent_by, sent_at, ended_by, ended_at, reason, withdrawn_at, due_at, asked)
VALUES
    (%(incident_id)s, %(state)s, %(owner)s, %(reasons)s, %(since)s, %(schedule_due_at)s, %(draft_due_at)s,
        %(review_due_at)s, %(set_at)s, %(version)s, %(scheduled_at)s, %(link)s, %(sent_by)s, %(sent_at)s, %(ended_by)s,
        %(ended_at)s, %(reason)s, %(withdrawn_at)s, %(due_at)s, %(asked)s)
ON CONFLICT (incident_id) DO UPDATE
SET state = EXCLUDED.state, owner = EXCLUDED.owner, reasons = EXCLUDED.reasons, since = EXCLUDED.since,
    schedule_due_at = EXCLUDED.schedule_due_at, draft_due_at = EXCLUDED.draft_due_at,
    review_due_at = EXCLUDED.review_due_at, set_at = EXCLUDED.set_at, version = EXCLUDED.version,
    scheduled_at = EXCLUDED.scheduled_at, link = EXCLUDED.link, sent_by = EXCLUDED.sent_by,
    sent_at = EXCLUDED.sent_at, ended_by = EXCLUDED.ended_by, ended_at = EXCLUDED.ended_at, reason = EXCLUDED.reason,
    withdrawn_at = EXCLUDED.withdrawn_at, due_at = EXCLUDED.due_at, asked = EXCLUDED.asked;

-- name: save_canvas
UPDATE postmortems SET canvas = %(canvas)s WHERE incident_id = %(incident_id)s;

-- name: write
INSERT INTO postmortem_versions (incident_id, number, author, at, sections)
VALUES (%(incident_id)s, %(number)s, %(author)s, %(at)s, %(sections)s);

-- name: version
SELECT number, author, at, sections FROM postmortem_versions
WHERE incident_id = %(incident_id)s AND number = %(number)s;

-- name: versions
-- Oldest first.
SELECT number, author, at, sections FROM postmortem_versions WHERE incident_id = %(incident_id)s ORDER BY number;

-- name: live
-- Neither ended nor withdrawn; the first due comes first.
SELECT * FROM postmortems WHERE state IN ('owed', 'draft', 'in_review') AND withdrawn_at IS NULL
ORDER BY review_due_at, incident_id LIMIT %(limit)s;

-- name: due
SELECT incident_id FROM postmortems WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE postmortems SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM postmortems WHERE due_at IS NOT NULL;

-- name: alerts
-- What monitoring reported in an incident, and until when (NULL: still firing); with the total number.
SELECT a.title, a.level, a.count, a.first_at AS since, a.resolved_at AS until, count(*) OVER ()::int AS in_all
FROM alert_groups g JOIN alerts a ON a.group_id = g.id
WHERE g.incident_id = %(incident_id)s ORDER BY a.first_at, a.id LIMIT %(limit)s;

-- name: brought_back
-- Databases restored during it, and when the backup was taken: everything written after that is lost.
SELECT r.name, max(b.started_at) AS taken_at FROM backup_restores r JOIN backups b ON b.id = r.backup_id
WHERE r.incident_id = %(incident_id)s AND r.state = 'done' GROUP BY r.name ORDER BY r.name;
