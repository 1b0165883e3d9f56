-- name: put
INSERT INTO outbox (kind, payload, lane, way, priority, due_at, created_at)
SELECT kind, payload, lane, way, priority, due_at, created_at
FROM jsonb_populate_recordset(NULL::outbox, %(rows)s) WITH ORDINALITY AS given
ORDER BY ordinality;

-- name: put_once
-- While a delivery with this key waits, the new one is merged into it and may make it due sooner, unless it waits for a
-- retry. One held back keeps its turn unless the new one is due within a second; then it is no longer held. A merge
-- after an hour restarts the time until we give up: its state is newer, and hasn't been tried for that long. All keys
-- of a transaction are written at once and in one order, so two that write the same ones cannot deadlock.
INSERT INTO outbox (kind, payload, key, lane, way, priority, due_at, created_at)
SELECT DISTINCT ON (key)
    kind, payload, key, lane, way, priority, min(due_at) OVER (PARTITION BY key) AS due_at, created_at
FROM jsonb_populate_recordset(NULL::outbox, %(rows)s) WITH ORDINALITY AS given
ORDER BY key, ordinality DESC
ON CONFLICT (key) WHERE state = 'waiting' AND key IS NOT NULL
DO UPDATE SET
    due_at = CASE
        WHEN outbox.attempts > 0 OR (outbox.was_held AND EXCLUDED.due_at > EXCLUDED.created_at + interval '1 s')
            THEN outbox.due_at
        ELSE LEAST(outbox.due_at, EXCLUDED.due_at) END,
    was_held = outbox.was_held AND EXCLUDED.due_at > EXCLUDED.created_at + interval '1 s',
    payload = EXCLUDED.payload,
    tried_since = CASE
        WHEN coalesce(outbox.tried_since, outbox.created_at) < EXCLUDED.created_at - interval '1 h'
            THEN EXCLUDED.created_at
        ELSE outbox.tried_since END
WHERE outbox.payload <> EXCLUDED.payload
    OR coalesce(outbox.tried_since, outbox.created_at) < EXCLUDED.created_at - interval '1 h'
    OR (outbox.attempts = 0 AND EXCLUDED.due_at < outbox.due_at
        AND NOT (outbox.was_held AND EXCLUDED.due_at > EXCLUDED.created_at + interval '1 s'));

-- name: put_in_hand
-- Inserted as claimed by its creator: nobody else looks at it until the lease expires.
INSERT INTO outbox (kind, payload, way, priority, state, due_at, fence, attempts, created_at, holder)
SELECT kind, payload, way, priority, 'sending', %(lease_until)s, 1, 1, %(now)s, %(holder)s
FROM jsonb_populate_recordset(NULL::outbox, %(rows)s) WITH ORDINALITY AS given
ORDER BY ordinality
RETURNING id, kind, payload, fence, attempts, unsure, created_at, created_at AS tried_since, due_at AS lease_until,
    priority, lane, way;

-- name: let_go
UPDATE outbox SET state = 'waiting', due_at = %(now)s
WHERE state = 'sending' AND fence = 1 AND holder = %(holder)s AND kind = %(kind)s
  AND payload = ANY(%(payloads)s::jsonb[]);

-- name: claim
-- By each way as many as it has places for: due and first in their lane. A lapsed claim may have been accepted: unsure.
-- It is taken over once this process has watched it for long enough without a renewal. A way with nothing under way
-- gets the default number of places; from a limited one only the probe is taken. Time in which nobody could try doesn't
-- count: the time until we give up starts again.
WITH RECURSIVE over AS (SELECT * FROM jsonb_to_recordset(%(over)s) AS over (id bigint, due_at timestamptz)),
ways AS (
    (SELECT min(way) AS way FROM outbox WHERE state IN ('waiting', 'sending'))
    UNION ALL
    SELECT (SELECT min(n.way) FROM outbox n WHERE n.way > w.way AND n.state IN ('waiting', 'sending'))
    FROM ways w WHERE w.way IS NOT NULL),
places AS (
    SELECT w.way, coalesce(given.lowest, %(lowest)s) AS lowest, coalesce(given.free, %(free)s) AS free
    FROM ways w LEFT JOIN jsonb_to_recordset(%(places)s) AS given (way text, lowest int, free int) ON given.way = w.way
    WHERE w.way IS NOT NULL AND w.way NOT IN (SELECT way FROM limited_ways WHERE ends_at > %(now)s))
UPDATE outbox o
SET state = 'sending', fence = o.fence + 1, attempts = o.attempts + 1, due_at = %(lease_until)s,
    unsure = o.unsure OR o.state = 'sending', holder = %(holder)s,
    tried_since = CASE WHEN o.due_at < %(unattended_since)s THEN %(now)s ELSE o.tried_since END
FROM places, LATERAL (
    SELECT c.id FROM outbox c
    WHERE c.way = places.way AND c.priority <= places.lowest
      AND c.state IN ('waiting', 'sending') AND c.due_at <= %(now)s
      AND agrees(%(believed)s)
      AND (c.state = 'waiting' OR (c.id, c.due_at) IN (SELECT id, due_at FROM over))
      AND (c.lane IS NULL OR NOT EXISTS (
          SELECT FROM outbox f
          WHERE f.lane = c.lane AND f.state IN ('waiting', 'sending') AND f.id <> c.id
            AND ((f.state = 'sending' AND (f.id, f.due_at) NOT IN (SELECT id, due_at FROM over))
                OR (f.priority, f.id) < (c.priority, c.id))))
    ORDER BY c.priority, c.attempts > 0, c.id
    LIMIT places.free
    FOR UPDATE SKIP LOCKED) due
WHERE o.id = due.id
RETURNING o.id, o.kind, o.payload, o.fence, o.attempts, o.unsure, o.created_at,
    coalesce(o.tried_since, o.created_at) AS tried_since, o.due_at AS lease_until, o.priority, o.lane, o.way;

-- name: lapsed
-- Expired leases, except those of the asking process.
SELECT id, due_at FROM outbox WHERE state = 'sending' AND due_at <= %(now)s AND id <> ALL(%(in_hand)s::bigint[]);

-- name: limits
SELECT way, again_at, said FROM limited_ways WHERE ends_at > %(now)s;

-- name: renew
-- Skips rows locked because their outcome is being recorded right now: those need no lease any more.
WITH given AS (SELECT * FROM jsonb_to_recordset(%(rows)s) AS given (id bigint, fence bigint)),
held AS (
    SELECT c.id FROM outbox c JOIN given ON given.id = c.id AND given.fence = c.fence
    WHERE c.state = 'sending' AND c.due_at < %(until)s
    FOR UPDATE OF c SKIP LOCKED)
UPDATE outbox o SET due_at = %(until)s FROM held WHERE o.id = held.id;

-- name: close
-- Recorded only by the holder of the claim; but an acceptance is a fact, whoever holds it by now and whatever they have
-- recorded. With a key a delivery shows a state, so there the later claim knows better.
UPDATE outbox o SET state = given.state, done_at = %(now)s, reference = given.reference, error = given.error
FROM jsonb_populate_recordset(NULL::outbox, %(rows)s) AS given
WHERE o.id = given.id
  AND ((o.fence = given.fence AND o.state = 'sending')
      OR (given.state = 'sent' AND o.state <> 'sent' AND o.key IS NULL))
RETURNING o.id,
    EXISTS (SELECT FROM outbox f WHERE f.lane = o.lane AND f.state IN ('waiting', 'sending') AND f.id <> o.id)
    AS is_followed;

-- name: postpone
-- A claim that led to no attempt doesn't count as one. The time until we give up starts again at a new planned time, or
-- when the first attempt is possible at all. No row when the same key was queued again meanwhile.
UPDATE outbox o
SET state = 'waiting', due_at = %(due_at)s, error = %(error)s, unsure = o.unsure OR %(unsure)s,
    attempts = o.attempts - CASE WHEN %(was_tried)s THEN 0 ELSE 1 END,
    was_held = NOT %(was_tried)s AND NOT %(put_off)s,
    created_at = CASE WHEN %(put_off)s THEN %(due_at)s ELSE o.created_at END,
    tried_since = CASE
        WHEN %(put_off)s THEN NULL
        WHEN NOT %(was_tried)s AND o.attempts = 1 THEN %(due_at)s
        ELSE o.tried_since END
WHERE o.id = %(id)s AND o.fence = %(fence)s AND o.state = 'sending'
  AND (o.key IS NULL OR NOT EXISTS (SELECT FROM outbox w WHERE w.key = o.key AND w.state = 'waiting'));

-- name: merge
-- The same key was queued again meanwhile. This row does the work of both, because others may refer to it by its id.
-- Its back-off after a failure stands; otherwise it is due when the first of the two is.
WITH other AS (
    UPDATE outbox w SET state = 'cancelled', done_at = %(now)s
    FROM outbox m
    WHERE m.id = %(id)s AND m.fence = %(fence)s AND m.state = 'sending' AND w.key = m.key AND w.state = 'waiting'
    RETURNING w.payload, w.due_at, w.unsure)
UPDATE outbox o
SET state = 'waiting', payload = other.payload, error = %(error)s, unsure = o.unsure OR other.unsure OR %(unsure)s,
    due_at = CASE WHEN %(was_tried)s THEN %(due_at)s ELSE LEAST(other.due_at, %(due_at)s) END,
    attempts = o.attempts - CASE WHEN %(was_tried)s THEN 0 ELSE 1 END, was_held = false
FROM other WHERE o.id = %(id)s;

-- name: bring_forward
-- Deliveries that waited for something, such as the incident's room. Locked in the order in which keys are written.
UPDATE outbox o SET due_at = %(now)s
FROM (
    SELECT id FROM outbox
    WHERE state = 'waiting' AND kind = ANY(%(kinds)s) AND payload @> %(payload)s AND due_at > %(now)s
    ORDER BY key NULLS FIRST, id
    FOR UPDATE) AS waiting
WHERE o.id = waiting.id;

-- name: next_due
-- A delivery behind another in its lane is not due before that has ended; expired leases are left to the watch; and for
-- ways without a place, the next delivery to end triggers a look.
SELECT min(c.due_at) AS due_at FROM outbox c
WHERE (c.state = 'waiting' OR (c.state = 'sending' AND c.due_at > %(now)s)) AND c.way <> ALL(%(full)s::text[])
  AND (c.lane IS NULL OR NOT EXISTS (
      SELECT FROM outbox f
      WHERE f.lane = c.lane AND f.state IN ('waiting', 'sending') AND f.id <> c.id
        AND (f.state = 'sending' OR (f.priority, f.id) < (c.priority, c.id))));

-- name: unfinished
SELECT kind, state, count(*) AS count, max(error) AS error
FROM outbox WHERE state IN ('waiting', 'sending') GROUP BY kind, state;

-- name: forget_old
DELETE FROM outbox WHERE done_at < %(before)s;
