-- name: start
INSERT INTO procedure_runs (incident_id, key, title, steps, started_by, started_at, changed_at, due_at)
VALUES (%(incident_id)s, %(key)s, %(title)s, %(steps)s, %(started_by)s, %(now)s, %(now)s, %(due_at)s)
RETURNING *;

-- name: by_id
SELECT * FROM procedure_runs WHERE id = %(id)s;

-- name: of_incident
-- Oldest first.
SELECT * FROM procedure_runs WHERE incident_id = %(incident_id)s ORDER BY id;

-- name: under_way
SELECT r.* FROM procedure_runs r JOIN incidents i ON i.id = r.incident_id
WHERE r.ended_at IS NULL AND i.resolved_at IS NULL ORDER BY r.id DESC LIMIT %(limit)s;

-- name: ticks
SELECT * FROM procedure_ticks WHERE run_id = ANY(%(run_ids)s) ORDER BY run_id, number;

-- name: tick
INSERT INTO procedure_ticks (run_id, number, step, deed, by, account, at, said, leads_to, opens)
VALUES (
    %(run_id)s, %(number)s, %(step)s, %(deed)s, %(by)s, %(account)s, %(at)s, %(said)s, %(leads_to)s, %(opens)s);

-- name: undo
-- This tick and all later ones.
UPDATE procedure_ticks SET undone_at = %(at)s, undone_by = %(by)s
WHERE run_id = %(run_id)s AND number >= %(number)s AND undone_at IS NULL;

-- name: go_on
UPDATE procedure_runs SET changed_at = %(now)s, due_at = %(due_at)s, ended_at = %(ended_at)s WHERE id = %(id)s;

-- name: outdate
UPDATE procedure_runs SET outdated_at = %(at)s WHERE id = %(id)s;

-- name: look_again
UPDATE procedure_runs SET due_at = %(due_at)s WHERE id = %(id)s;

-- name: look_now
-- Everything the bot waits for in this incident.
UPDATE procedure_runs SET due_at = %(now)s WHERE incident_id = %(incident_id)s AND due_at > %(now)s;

-- name: judge_now
-- Evaluate what was just looked at, unless the procedure has moved on meanwhile.
UPDATE procedure_runs SET due_at = %(now)s WHERE id = %(id)s AND changed_at = %(changed_at)s AND due_at > %(now)s;

-- name: due
SELECT incident_id FROM procedure_runs WHERE due_at <= %(now)s GROUP BY incident_id ORDER BY min(due_at) LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE procedure_runs SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM procedure_runs;
