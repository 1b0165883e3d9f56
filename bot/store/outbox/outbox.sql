-- name: put
INSERT INTO outbox (kind, payload, lane, way, priority, due_at, created_at)
SELECT kind, payload, lane, way, priority, due_at, created_at
FROM jsonb_populate_recordset(NULL::outbox, %(rows)s) WITH ORDINALITY AS given
ORDER BY ordinality;

-- name: put_once
-- While one with the same key waits, this one is the same: it may have to be sooner, unless it waits for another try. One
-- that was held back keeps its turn, unless there is a hurry: then it is the first of those that were. What is put in
-- again and again shows something newer each time: then it has not been tried for hours, however long others went first.
-- All keys of a transaction at once, and in the same order for everybody: two that put the same ones cannot deadlock.
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
-- Claimed by whoever puts it in: nobody else looks at it before its lease is over.
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
-- Of each way as much as it has places: what is due and first in its lane. A claim that is over may have been accepted:
-- unsure. It is over when whoever looks has watched it for long enough, and it has not been renewed since.
-- By a way of which nothing is under way, so much as by any; by one that is limited, nothing but what tries for all.
-- What nobody was there to try has not been tried: for how long it is tried is counted anew.
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
-- Claims that have not been renewed in time. Whatever whoever asks has in hand is no concern of theirs.
SELECT id, due_at FROM outbox WHERE state = 'sending' AND due_at <= %(now)s AND id <> ALL(%(in_hand)s::bigint[]);

-- name: limits
SELECT way, again_at, said FROM limited_ways WHERE ends_at > %(now)s;

-- name: renew
-- What is being written down at this moment needs it no more.
WITH given AS (SELECT * FROM jsonb_to_recordset(%(rows)s) AS given (id bigint, fence bigint)),
held AS (
    SELECT c.id FROM outbox c JOIN given ON given.id = c.id AND given.fence = c.fence
    WHERE c.state = 'sending' AND c.due_at < %(until)s
    FOR UPDATE OF c SKIP LOCKED)
UPDATE outbox o SET due_at = %(until)s FROM held WHERE o.id = held.id;

-- name: close
-- An end is recorded by whoever has the claim; but that it was accepted is true whoever has it by now, and whatever they
-- have said meanwhile. What has a key shows a state: there whoever came later knows better.
UPDATE outbox o SET state = given.state, done_at = %(now)s, reference = given.reference, error = given.error
FROM jsonb_populate_recordset(NULL::outbox, %(rows)s) AS given
WHERE o.id = given.id
  AND ((o.fence = given.fence AND o.state = 'sending')
      OR (given.state = 'sent' AND o.state <> 'sent' AND o.key IS NULL))
RETURNING o.id,
    EXISTS (SELECT FROM outbox f WHERE f.lane = o.lane AND f.state IN ('waiting', 'sending') AND f.id <> o.id)
    AS is_followed;

-- name: postpone
-- A claim that came to no attempt does not count as one. For how long it is tried is counted anew from another time, and
-- from when it may be asked for at all.
-- No row when meanwhile the same has been put in again.
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
-- The same has been put in again meanwhile. This one does the work of both, for it may stand somewhere by its own name.
-- It waits as long as it has to after a failure, and no longer for the other, which may have no hurry where this has.
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
-- What was waiting for the incident's room. Locked in the order in which keys are put.
UPDATE outbox o SET due_at = %(now)s
FROM (
    SELECT id FROM outbox
    WHERE state = 'waiting' AND kind = ANY(%(kinds)s) AND payload @> %(payload)s AND due_at > %(now)s
    ORDER BY key NULLS FIRST, id
    FOR UPDATE) AS waiting
WHERE o.id = waiting.id;

-- name: next_due
-- What waits behind another in its lane is not due before that one is done; when a claim is over, whoever watches it
-- says; and for what has no place, whatever ends first makes one.
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
