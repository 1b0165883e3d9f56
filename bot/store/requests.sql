-- name: store
-- A second delivery of the same request stores nothing.
INSERT INTO requests (key, kind, body, received_at, due_at, holder)
VALUES (%(key)s, %(kind)s, %(body)s, %(now)s, %(due_at)s, %(holder)s)
ON CONFLICT (key) DO NOTHING;

-- name: by_key
SELECT key, kind, body, received_at, attempts, deaths FROM requests WHERE key = %(key)s;

-- name: void
-- Occupies the key of a request whose commit is in doubt: waits for that commit if it is in progress; once this row is
-- stored, the request never can be.
INSERT INTO requests (key, kind, body, received_at, worked_at, error)
VALUES (%(key)s, %(kind)s, '{}', %(received_at)s, %(now)s, %(error)s)
ON CONFLICT (key) DO NOTHING;

-- name: found
-- Keeps it for the process that stored it, if nobody has started it. No row when it is another process's.
UPDATE requests SET due_at = %(due_at)s
WHERE key = %(key)s AND received_at = %(received_at)s AND attempts = 0 AND due_at IS NOT NULL
RETURNING key;

-- name: error_of
SELECT error FROM requests WHERE key = %(key)s;

-- name: claim_left_over
-- Released after an attempt, or stored by a process that couldn't start it.
UPDATE requests SET due_at = %(lease_until)s, attempts = attempts + 1, holder = %(holder)s
WHERE key IN (
    SELECT key FROM requests WHERE due_at <= %(now)s AND holder IS NULL AND key <> ALL(%(own)s)
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING key, kind, body, received_at, attempts, deaths;

-- name: claim_suspect
-- Held by a process that has stopped renewing: it died or is frozen.
UPDATE requests SET due_at = %(lease_until)s, attempts = attempts + 1, deaths = deaths + 1, holder = %(holder)s
WHERE key = (
    SELECT key FROM requests WHERE due_at <= %(now)s AND holder IS NOT NULL AND key <> ALL(%(own)s)
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING key, kind, body, received_at, attempts, deaths;

-- name: renew
-- Live processes keep what they hold.
UPDATE requests SET due_at = %(lease_until)s
WHERE key IN (
    SELECT key FROM requests
    WHERE key = ANY(%(own)s) AND due_at IS NOT NULL AND coalesce(holder, %(holder)s) = %(holder)s
    FOR UPDATE SKIP LOCKED);

-- name: take_in_hand
-- No row when another process has taken it meanwhile.
UPDATE requests SET holder = %(holder)s
WHERE key = %(key)s AND attempts = %(attempts)s AND holder IS NULL AND due_at IS NOT NULL;

-- name: mark_deed
-- No row when this request's deed was done already.
UPDATE requests SET deed_at = %(now)s WHERE key = %(key)s AND deed_at IS NULL;

-- name: finish
UPDATE requests SET worked_at = %(now)s, due_at = NULL, error = %(error)s WHERE key = %(key)s;

-- name: put_back
-- Unless somebody else has started it since. Resets `deaths`: its holder survived it.
UPDATE requests SET due_at = %(due_at)s, holder = NULL, deaths = 0
WHERE key = %(key)s AND attempts = %(attempts)s AND due_at IS NOT NULL;

-- name: let_go
-- For an orderly shutdown: nobody died working on these.
UPDATE requests SET due_at = %(now)s, holder = NULL WHERE key = ANY(%(own)s) AND holder = %(holder)s AND due_at IS NOT NULL;

-- name: set_aside
UPDATE requests SET worked_at = %(now)s, set_aside_at = %(now)s, due_at = NULL, error = %(error)s
WHERE key = %(key)s
RETURNING deed_at IS NOT NULL AS was_done;

-- name: all_set_aside
-- Newest first.
SELECT key, kind, received_at, set_aside_at FROM requests WHERE set_aside_at IS NOT NULL ORDER BY set_aside_at DESC;

-- name: next_due
SELECT min(due_at) FILTER (WHERE holder IS NULL) AS free_at, min(due_at) FILTER (WHERE holder IS NOT NULL) AS suspect_at
FROM requests WHERE due_at IS NOT NULL;

-- name: forget_old
-- Kept for days, so that a late second delivery is still recognised.
DELETE FROM requests WHERE worked_at < %(before)s;
