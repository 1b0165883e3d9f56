-- name: watch
INSERT INTO handovers (schedule, person, due_at) VALUES (%(schedule)s, %(person)s, %(now)s)
ON CONFLICT (schedule) DO UPDATE SET due_at = LEAST(handovers.due_at, %(now)s);

-- name: forget_others
-- Schedules that the runbook no longer names.
DELETE FROM handovers WHERE NOT schedule = ANY(%(schedules)s);

-- name: claim_due
SELECT schedule, person, due_at FROM handovers
WHERE due_at <= %(now)s AND schedule = ANY(%(schedules)s)
ORDER BY due_at, schedule FOR UPDATE SKIP LOCKED;

-- name: lock
-- Waits for a look in progress.
SELECT schedule, person, due_at FROM handovers WHERE schedule = %(schedule)s FOR UPDATE;

-- name: save
UPDATE handovers SET person = %(person)s, due_at = %(due_at)s WHERE schedule = %(schedule)s;

-- name: remind
-- No row when this person has been told of this shift before.
INSERT INTO shift_reminders (schedule, person, begins_at) VALUES (%(schedule)s, %(person)s, %(begins)s)
ON CONFLICT DO NOTHING RETURNING schedule;

-- name: look_at
-- Waits for a look in progress, which may not have seen the change.
UPDATE handovers SET due_at = LEAST(due_at, %(instant)s) WHERE schedule = %(schedule)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM handovers WHERE schedule = ANY(%(schedules)s);
