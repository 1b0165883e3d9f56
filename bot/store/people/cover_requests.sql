-- name: insert
INSERT INTO cover_requests (schedule, begins_at, ends_at, asked_by, asked_at, due_at)
VALUES (%(schedule)s, %(begins)s, %(ends)s, %(asked_by)s, %(now)s, %(ends)s)
RETURNING id, schedule, begins_at AS begins, ends_at AS ends, asked_by, taken_by, taken_at, withdrawn_by;

-- name: get
SELECT id, schedule, begins_at AS begins, ends_at AS ends, asked_by, taken_by, taken_at, withdrawn_by
FROM cover_requests WHERE id = %(id)s;

-- name: lock
SELECT id, schedule, begins_at AS begins, ends_at AS ends, asked_by, taken_by, taken_at, withdrawn_by
FROM cover_requests WHERE id = %(id)s FOR UPDATE;

-- name: take
-- The part already past is not covered by anybody.
UPDATE cover_requests
SET taken_by = %(person)s, taken_at = %(now)s, due_at = NULL, begins_at = GREATEST(begins_at, %(now)s)
WHERE id = %(id)s
RETURNING id, schedule, begins_at AS begins, ends_at AS ends, asked_by, taken_by, taken_at, withdrawn_by;

-- name: withdraw
UPDATE cover_requests SET withdrawn_by = %(person)s, due_at = NULL WHERE id = %(id)s
RETURNING id, schedule, begins_at AS begins, ends_at AS ends, asked_by, taken_by, taken_at, withdrawn_by;

-- name: end_due
UPDATE cover_requests SET due_at = NULL WHERE id IN (
    SELECT id FROM cover_requests WHERE due_at <= %(now)s ORDER BY id FOR UPDATE SKIP LOCKED)
RETURNING id;

-- name: next_due
SELECT min(due_at) AS due_at FROM cover_requests WHERE due_at IS NOT NULL;
