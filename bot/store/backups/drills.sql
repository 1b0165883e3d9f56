-- name: plan
-- The runbook may move a plan, but what is overdue stays overdue.
INSERT INTO backup_drill_plans (name, due_at) VALUES (%(name)s, %(due_at)s)
ON CONFLICT (name) DO UPDATE SET due_at = EXCLUDED.due_at WHERE backup_drill_plans.due_at > %(now)s;

-- name: claim_plans
-- Skips those another process is about to begin; the rest stay locked until this transaction ends.
SELECT name FROM backup_drill_plans WHERE due_at <= %(now)s AND name = ANY(%(names)s)
ORDER BY due_at FOR UPDATE SKIP LOCKED;

-- name: postpone_plan
UPDATE backup_drill_plans SET due_at = %(due_at)s WHERE name = %(name)s;

-- name: next_due
-- The next plan, a silent drill that counts as lost, or a scratch database to be removed.
SELECT LEAST(
    (SELECT min(due_at) FROM backup_drill_plans WHERE name = ANY(%(planned)s)),
    (SELECT min(heard_at) + %(lost_after)s FROM backup_drills
        WHERE state = 'running' AND id <> ALL(%(own)s::bigint[])),
    (SELECT min(sweep_at) FROM backup_drills
        WHERE sweep_at IS NOT NULL AND state <> 'running' AND name = ANY(%(names)s))
) AS due_at;

-- name: begin
-- No row when a drill of this database is running.
INSERT INTO backup_drills (name, backup_id, started_at, started_by, heard_at, scratch, sweep_at)
VALUES (%(name)s, %(backup_id)s, %(now)s, %(started_by)s, %(now)s, '', %(now)s)
ON CONFLICT (name) WHERE state = 'running' DO NOTHING
RETURNING id;

-- name: name_scratch
UPDATE backup_drills SET scratch = %(scratch)s WHERE id = %(id)s RETURNING *;

-- name: by_id
SELECT * FROM backup_drills WHERE id = %(id)s;

-- name: move_on
UPDATE backup_drills
SET stage = %(stage)s, heard_at = %(now)s, backup_id = coalesce(%(backup_id)s::bigint, backup_id),
    place = coalesce(%(place)s::jsonb, place)
WHERE id = %(id)s AND state = 'running';

-- name: saved
UPDATE backup_drills SET saved_at = %(now)s, heard_at = %(now)s WHERE id = %(id)s AND state = 'running';

-- name: hear
-- Its process is alive.
UPDATE backup_drills SET heard_at = %(now)s WHERE id = %(id)s AND state = 'running';

-- name: pass
-- A drill given up as lost that completes after all has passed.
UPDATE backup_drills
SET state = 'passed', ended_at = %(now)s, took = %(took)s, rto = %(rto)s, tables = %(tables)s, rows = %(rows)s,
    answers = %(answers)s, counted = %(counted)s, lost = %(lost)s, error = NULL
WHERE id = %(id)s AND state IN ('running', 'lost')
RETURNING *;

-- name: fail
UPDATE backup_drills SET state = 'failed', ended_at = %(now)s, error = %(error)s
WHERE id = %(id)s AND state = 'running'
RETURNING *;

-- name: lose
-- Those whose process has been silent.
UPDATE backup_drills SET state = 'lost', ended_at = %(now)s
WHERE state = 'running' AND heard_at <= %(silent_since)s AND id <> ALL(%(own)s::bigint[])
RETURNING *;

-- name: claim_left
-- Until `again_at` it is this process's to remove; then anybody's again.
UPDATE backup_drills SET sweep_at = %(again_at)s
WHERE id IN (
    SELECT id FROM backup_drills
    WHERE sweep_at <= %(now)s AND state <> 'running' AND name = ANY(%(names)s) FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: swept
UPDATE backup_drills SET sweep_at = NULL WHERE id = %(id)s;

-- name: sweep_again
UPDATE backup_drills SET sweep_at = %(again_at)s WHERE id = %(id)s AND sweep_at IS NOT NULL;

-- name: last_of_each
SELECT DISTINCT ON (name) * FROM backup_drills WHERE name = ANY(%(names)s) AND state <> 'running'
ORDER BY name, started_at DESC, id DESC;

-- name: last_begun
-- A drill that somebody asked for doesn't move the plan.
SELECT max(started_at) AS began FROM backup_drills WHERE name = %(name)s AND started_by = 'tocsin';
