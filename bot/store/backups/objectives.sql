-- name: watch
-- A new one is due at once; the transaction that locks it sets the real time.
INSERT INTO backup_objectives (name, since, due_at) VALUES (%(name)s, %(now)s, %(now)s) ON CONFLICT (name) DO NOTHING;

-- name: lock
SELECT since, due_at FROM backup_objectives WHERE name = %(name)s FOR NO KEY UPDATE;

-- name: expect
UPDATE backup_objectives SET due_at = %(due_at)s WHERE name = %(name)s;

-- name: forget_others
DELETE FROM backup_objectives WHERE NOT name = ANY(%(names)s) RETURNING name;

-- name: claim_due
-- Skips those another process is looking at.
SELECT name FROM backup_objectives WHERE due_at <= %(now)s AND name = ANY(%(names)s)
ORDER BY name FOR NO KEY UPDATE SKIP LOCKED;

-- name: next_due
SELECT min(due_at) AS due_at FROM backup_objectives WHERE due_at IS NOT NULL AND name = ANY(%(names)s);
