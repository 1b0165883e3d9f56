-- name: unanswered
-- Open, unacknowledged incidents for which somebody of this name was paged.
SELECT * FROM incidents i
WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND NOT (origin ? 'test_page')
    AND EXISTS (SELECT FROM pages p WHERE p.incident_id = i.id AND p.person = ANY(%(names)s) AND p.state <> 'cancelled')
ORDER BY declared_at, id;

-- name: tasks
-- Of open incidents: the first due comes first, those without a time last.
SELECT t.* FROM tasks t JOIN incidents i ON i.id = t.incident_id
WHERE t.done_at IS NULL AND i.resolved_at IS NULL AND t.owner = ANY(%(names)s)
ORDER BY t.due_at NULLS LAST, t.id LIMIT %(limit)s;

-- name: actions
SELECT * FROM actions WHERE done_at IS NULL AND owner = ANY(%(names)s) ORDER BY by_at, id LIMIT %(limit)s;

-- name: postmortems
SELECT * FROM postmortems
WHERE state IN ('owed', 'draft', 'in_review') AND withdrawn_at IS NULL AND owner = ANY(%(names)s)
ORDER BY review_due_at, incident_id LIMIT %(limit)s;

-- name: boxes
-- Open boxes with a time; for the incident's lead, else whoever resolved or acknowledged it.
SELECT c.id AS checklist, c.name, b.place, b.what, b.due_at, b.incident_id
FROM checklist_items b JOIN checklists c ON c.id = b.checklist_id JOIN incidents i ON i.id = b.incident_id
WHERE b.done_at IS NULL AND b.due_at IS NOT NULL AND c.closed_at IS NULL AND c.waived_at IS NULL
    AND coalesce(i.roles->>'lead', i.resolved_by, i.acknowledged_by) = ANY(%(names)s)
ORDER BY b.due_at, c.id, b.place LIMIT %(limit)s;

-- name: updates
-- Updates waiting for approval.
SELECT * FROM stakeholder_updates WHERE state = 'waiting' ORDER BY id LIMIT %(limit)s;

-- name: restores
SELECT * FROM backup_restores WHERE state = 'waiting' AND expires_at > %(now)s ORDER BY id LIMIT %(limit)s;

-- name: of_incidents
SELECT * FROM incidents WHERE id = ANY(%(ids)s);

-- name: rehearsed
-- The last rehearsed incident.
SELECT max(declared_at) AS at FROM incidents WHERE drill AND NOT (origin ? 'test_page');

-- name: tested
SELECT i.origin->>'test_page' AS person, max(p.accepted_at) AS at
FROM incidents i JOIN pages p ON p.incident_id = i.id
WHERE i.origin ? 'test_page' AND p.accepted_at IS NOT NULL GROUP BY 1;

-- name: restored
-- When a backup was last proved by restoring it.
SELECT max(ended_at) AS at FROM (
    SELECT ended_at FROM backup_drills WHERE state = 'passed'
    UNION ALL SELECT ended_at FROM backup_restores WHERE state = 'done') AS proved;

-- name: signs
-- Has anything changed that the App Home shows? One row, to be compared with the previous one.
SELECT (SELECT max(id) FROM timeline) AS told,
    (SELECT count(*) FROM incidents WHERE resolved_at IS NULL) AS open,
    (SELECT count(*) FROM incidents WHERE resolved_at IS NULL AND acknowledged_at IS NULL) AS unanswered,
    (SELECT max(id) FROM stakeholder_updates WHERE state = 'waiting') AS update_waiting,
    (SELECT count(*) FROM stakeholder_updates WHERE state = 'waiting') AS updates_waiting,
    (SELECT max(id) FROM backup_restores WHERE state = 'waiting') AS restore_waiting,
    (SELECT max(ended_at) FROM silences) AS unmuted,
    (SELECT max(ends_at) FROM silences WHERE ended_at IS NULL) AS muted,
    (SELECT count(*) FROM silences WHERE ended_at IS NULL) AS silences,
    (SELECT string_agg(state, ' ' ORDER BY name) FROM checks) AS checks,
    (SELECT max(ended_at) FROM backups) AS backed_up,
    (SELECT max(id) FROM covers) AS covers,
    (SELECT sum(extract(epoch FROM ends_at)) FROM covers WHERE ends_at > %(now)s) AS covered,
    (SELECT max(id) FROM maintenance_entries) AS maintenance,
    (SELECT max(id) FROM occurrences) AS recurring,
    (SELECT count(*) FROM occurrences WHERE look_at IS NOT NULL) AS recurring_open,
    (SELECT max(started_at) FROM backup_drills) AS drilled,
    (SELECT max(ended_at) FROM backup_drills) AS proved,
    (SELECT max(ended_at) FROM backup_restores) AS restored;

-- name: watch
-- Somebody has opened it.
INSERT INTO home_viewers (account, name, until, drawn) VALUES (%(account)s, %(name)s, %(until)s, %(drawn)s)
ON CONFLICT (account) DO UPDATE SET name = EXCLUDED.name, until = EXCLUDED.until, drawn = EXCLUDED.drawn;

-- name: viewers
-- The last to open it come first.
SELECT account, until FROM home_viewers WHERE until > %(now)s ORDER BY until DESC, account LIMIT %(limit)s;

-- name: forget_viewers
DELETE FROM home_viewers WHERE until <= %(now)s;

-- name: draw_anew
-- Those for whom no process has drawn this state yet; locked in one order, against deadlocks.
UPDATE home_viewers SET drawn = %(drawn)s
WHERE account IN (
    SELECT account FROM home_viewers WHERE account = ANY(%(accounts)s) AND drawn <> %(drawn)s
    ORDER BY account FOR UPDATE)
RETURNING account;
