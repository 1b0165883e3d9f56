-- name: store
-- A second delivery of the same request stores nothing.
INSERT INTO requests (key, kind, body, received_at, due_at, holder)
VALUES (%(key)s, %(kind)s, %(body)s, %(now)s, %(due_at)s, %(holder)s)
ON CONFLICT (key) DO NOTHING;

-- name: by_key
SELECT key, kind, body, received_at, attempts FROM requests WHERE key = %(key)s;

-- name: claim_left_over
-- Stored by a process that has not finished them in its time.
UPDATE requests SET due_at = %(lease_until)s, attempts = attempts + 1, holder = %(holder)s
WHERE key IN (
    SELECT key FROM requests WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING key, kind, body, received_at, attempts;

-- name: mark_deed
-- No row when the deed of this request has been done already.
UPDATE requests SET deed_at = %(now)s WHERE key = %(key)s AND deed_at IS NULL;

-- name: finish
UPDATE requests SET worked_at = %(now)s, due_at = NULL, error = %(error)s WHERE key = %(key)s;

-- name: put_back
-- Begun again then, unless somebody else has begun it since.
UPDATE requests SET due_at = %(due_at)s, holder = NULL WHERE key = %(key)s AND attempts = %(attempts)s AND due_at IS NOT NULL;

-- name: next_due
SELECT min(due_at) AS due_at FROM requests WHERE due_at IS NOT NULL;

-- name: forget_old
-- Kept a week, so that a late second delivery is still recognised.
DELETE FROM requests WHERE worked_at < %(before)s;
