-- name: watch
-- A job already watched keeps its state; only a changed patience reschedules it.
INSERT INTO heartbeats (name, patience, watched_since, due_at)
VALUES (%(name)s, %(patience)s, %(now)s, %(now)s::timestamptz + %(patience)s::interval)
ON CONFLICT (name) DO UPDATE
SET patience = EXCLUDED.patience,
    due_at = coalesce(heartbeats.last_at, heartbeats.watched_since) + EXCLUDED.patience
WHERE heartbeats.patience <> EXCLUDED.patience AND heartbeats.due_at IS NOT NULL;

-- name: forget_others
-- Jobs that the runbook no longer names.
DELETE FROM heartbeats WHERE NOT name = ANY(%(names)s);

-- name: beat
INSERT INTO heartbeats (name, patience, watched_since, last_at, due_at)
VALUES (%(name)s, %(patience)s, %(now)s, %(now)s, %(now)s::timestamptz + %(patience)s::interval)
ON CONFLICT (name) DO UPDATE
SET patience = EXCLUDED.patience, last_at = greatest(heartbeats.last_at, EXCLUDED.last_at),
    due_at = greatest(heartbeats.last_at, EXCLUDED.last_at) + EXCLUDED.patience;

-- name: claim_silent
-- Those silent for too long; each becomes an alert once.
UPDATE heartbeats SET due_at = NULL
WHERE name IN (SELECT name FROM heartbeats WHERE due_at <= %(now)s ORDER BY name FOR UPDATE SKIP LOCKED)
RETURNING name, last_at, watched_since;

-- name: next_due
SELECT min(due_at) AS due_at FROM heartbeats WHERE due_at IS NOT NULL;
