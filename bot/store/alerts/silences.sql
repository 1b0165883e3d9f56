-- name: insert
INSERT INTO silences (source, key, matches, shown, author, reason, starts_at, ends_at)
VALUES (%(source)s, %(key)s, %(matches)s, %(shown)s, %(author)s, %(reason)s, %(starts_at)s, %(ends_at)s)
RETURNING *;

-- name: get
SELECT * FROM silences WHERE id = %(id)s;

-- name: lock
-- NO KEY: saving a muted group checks its foreign key to this row meanwhile; FOR UPDATE would make the two deadlock.
SELECT * FROM silences WHERE id = %(id)s FOR NO KEY UPDATE;

-- name: in_force
-- Few rows: people make them.
SELECT * FROM silences WHERE ended_at IS NULL AND ends_at > %(now)s ORDER BY ends_at, id;

-- name: over
-- Expired ones, each for one process.
SELECT * FROM silences WHERE ended_at IS NULL AND ends_at <= %(now)s ORDER BY ends_at, id LIMIT %(limit)s
FOR NO KEY UPDATE SKIP LOCKED;

-- name: next_due
SELECT min(ends_at) AS due_at FROM silences WHERE ended_at IS NULL;

-- name: extend
UPDATE silences SET ends_at = %(ends_at)s WHERE id = %(id)s RETURNING *;

-- name: end
UPDATE silences SET ended_at = %(now)s, ended_by = %(by)s, muted = %(muted)s WHERE id = %(id)s RETURNING *;

-- name: counts
-- For each: how many alerts it has muted, including those that began before it, and how many of them fire now.
SELECT s.id, count(*)::int AS muted, count(*) FILTER (WHERE a.resolved_at IS NULL)::int AS firing
FROM unnest(%(ids)s::bigint[]) AS s (id)
JOIN alert_groups g ON g.silence_ids @> ARRAY[s.id] AND g.silence_ids <> '{}'
JOIN alerts a ON a.group_id = g.id AND a.silence_ids @> ARRAY[s.id]
GROUP BY s.id;

-- name: look_at_open
-- Every open group is looked at again: it may be muted now. Locked in the order in which deliveries lock them, so that
-- the two cannot deadlock.
UPDATE alert_groups SET due_at = %(now)s
WHERE id IN (SELECT id FROM alert_groups WHERE closed_at IS NULL ORDER BY id FOR UPDATE);

-- name: look_at_muted
UPDATE alert_groups SET due_at = %(now)s
WHERE id IN (
    SELECT id FROM alert_groups
    WHERE closed_at IS NULL AND silence_ids @> ARRAY[%(id)s::bigint] AND silence_ids <> '{}' ORDER BY id FOR UPDATE);

-- name: firing
-- Only the fields that a silence matches on. Uses the group's index: that of firing alerts still contains all that have
-- just ended.
SELECT a.group_id, g.source, g.key, a.title, a.severity, a.labels
FROM unnest(%(ids)s::bigint[]) AS wanted (id)
JOIN alert_groups g ON g.id = wanted.id
CROSS JOIN LATERAL (
    SELECT * FROM alerts f
    WHERE f.group_id = g.id AND coalesce(f.resolved_at, 'infinity') = 'infinity'
    ORDER BY f.group_id DESC, f.id DESC LIMIT %(limit)s) a;
