-- name: keep_deliveries
-- In one order, so that two that store the same ones don't deadlock. No row for known keys.
INSERT INTO alert_deliveries (source, key, received_at, accepted, body)
SELECT %(source)s, key, %(now)s, accepted, body
FROM unnest(%(keys)s::text[], %(accepted)s::int[], %(bodies)s::bytea[]) WITH ORDINALITY
    AS given (key, accepted, body, ordinality)
ORDER BY given.key COLLATE "C", given.ordinality
ON CONFLICT (source, key) DO NOTHING
RETURNING id, key;

-- name: hold_groups
-- Locks every group a delivery may change, in one order for all processes, until its transaction ends.
SELECT id FROM alert_groups
WHERE closed_at IS NULL AND source = %(source)s AND (key = ANY(%(keys)s) OR id IN (
    SELECT group_id FROM alerts
    WHERE source = %(source)s AND resolved_at IS NULL
      AND (fingerprint = ANY(%(fingerprints)s) OR source_group = ANY(%(listed)s))))
ORDER BY id FOR UPDATE;

-- name: give_up_soon
-- How long this transaction waits for a lock.
SELECT set_config('lock_timeout', given.ms, true) FROM jsonb_to_recordset(%(rows)s) AS given (ms text);

-- name: held_elsewhere
-- Which of these deliveries of one source want a card that another transaction has locked, and which card.
WITH wanted AS (
    SELECT given.number, g.id, g.key
    FROM jsonb_to_recordset(%(rows)s) AS given (number int, keys text[], fingerprints text[], listed text[])
    JOIN alert_groups g ON g.source = %(source)s AND g.closed_at IS NULL AND (g.key = ANY(given.keys) OR g.id IN (
        SELECT group_id FROM alerts
        WHERE source = %(source)s AND resolved_at IS NULL
          AND (fingerprint = ANY(given.fingerprints) OR source_group = ANY(given.listed))))),
free AS MATERIALIZED (
    SELECT id FROM alert_groups WHERE id IN (SELECT id FROM wanted) ORDER BY id FOR UPDATE SKIP LOCKED)
SELECT number, id, key FROM wanted WHERE id NOT IN (SELECT id FROM free);

-- name: free
-- Those that no other transaction has locked.
SELECT id FROM alert_groups WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE SKIP LOCKED;

-- name: hold_also
-- Locks these groups, in the same order.
SELECT id FROM alert_groups WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE;

-- name: groups_of_firing
-- The group in which each of these alerts is firing.
SELECT fingerprint, group_id FROM alerts
WHERE source = %(source)s AND fingerprint = ANY(%(fingerprints)s) AND resolved_at IS NULL;

-- name: contradicted
-- Was an end of any of these reported? Is any alert of this source in dispute?
SELECT EXISTS (
    SELECT FROM alert_endings WHERE source = %(source)s AND fingerprint = ANY(%(fingerprints)s)) AS ended,
    EXISTS (SELECT FROM alert_disputes WHERE source = %(source)s) AS disputed;

-- name: keep_originals
-- In one order, so that two that store the same ones don't deadlock. No row for known bodies.
INSERT INTO alert_originals (source, digest, at)
SELECT %(source)s, given.digest, %(now)s FROM unnest(%(digests)s::bytea[]) AS given (digest) ORDER BY given.digest
ON CONFLICT (source, digest) DO NOTHING
RETURNING digest;

-- name: forget_originals
DELETE FROM alert_originals WHERE at < %(before)s;

-- name: raw_body
-- From the group's most recently reported alert.
SELECT d.body FROM alerts a JOIN alert_deliveries d ON d.id = a.delivery_id
WHERE a.group_id = %(group_id)s ORDER BY a.last_at DESC, a.id DESC LIMIT 1;

-- name: forget
DELETE FROM alert_deliveries WHERE received_at < %(before)s;
