-- name: limit
-- Each refusal of the probe doubles the wait. Deliveries in flight at the first refusal are refused too, which is
-- nothing new. A wait that the other side asks for takes precedence over ours.
INSERT INTO limited_ways AS l (way, refusals, again_at, ends_at, said)
VALUES (%(way)s, 1, %(now)s::timestamptz + coalesce(%(asked)s::interval, %(first)s::interval),
    %(now)s::timestamptz + coalesce(%(asked)s::interval, %(first)s::interval) + %(remembered)s::interval, %(said)s)
ON CONFLICT (way) DO UPDATE SET (refusals, again_at, ends_at, said) = (
    SELECT r.refusals, w.again_at, w.again_at + %(remembered)s::interval, EXCLUDED.said
    FROM (SELECT CASE WHEN l.ends_at <= %(now)s THEN 1 WHEN %(is_probe)s THEN l.refusals + 1 ELSE l.refusals END) r (refusals),
    LATERAL (SELECT %(now)s::timestamptz
        + coalesce(%(asked)s::interval,
            LEAST(%(first)s::interval * 2 ^ LEAST(r.refusals - 1, 10), %(longest)s::interval))) w (again_at))
RETURNING way, again_at, said;

-- name: lift
DELETE FROM limited_ways WHERE way = %(way)s;

-- name: try_another
-- The probe was told nothing about the others.
UPDATE limited_ways SET again_at = %(now)s WHERE way = %(way)s AND again_at > %(now)s;

-- name: claim_probe
-- The probe: pages before everything else; then those tried least, so that one that is always refused doesn't block the
-- rest; of the pages the newest, which is about what is wrong now. Of several processes at once, the second finds
-- `again_at` moved on. As in the outbox's `claim`, a row has to be due and first in its lane, a lapsed claim may have
-- been accepted, and time in which nobody could try, once the limit let one through, doesn't count.
WITH over AS (SELECT * FROM jsonb_to_recordset(%(over)s) AS over (id bigint, due_at timestamptz)),
one AS (
    SELECT c.id FROM outbox c
    WHERE c.way = %(way)s AND c.state IN ('waiting', 'sending') AND c.due_at <= %(now)s AND agrees(%(believed)s)
      AND (c.state = 'waiting' OR (c.id, c.due_at) IN (SELECT id, due_at FROM over))
      AND (c.lane IS NULL OR NOT EXISTS (
          SELECT FROM outbox f
          WHERE f.lane = c.lane AND f.state IN ('waiting', 'sending') AND f.id <> c.id
            AND ((f.state = 'sending' AND (f.id, f.due_at) NOT IN (SELECT id, due_at FROM over))
                OR (f.priority, f.id) < (c.priority, c.id))))
    ORDER BY c.priority > %(page)s, c.attempts, CASE WHEN c.priority > %(page)s THEN c.id ELSE -c.id END
    LIMIT 1
    FOR UPDATE SKIP LOCKED),
turn AS (
    UPDATE limited_ways SET again_at = %(trying_until)s
    WHERE way = %(way)s AND again_at <= %(now)s AND EXISTS (SELECT FROM one)
    RETURNING way),
opened AS (SELECT again_at FROM limited_ways WHERE way = %(way)s)
UPDATE outbox o
SET state = 'sending', fence = o.fence + 1, attempts = o.attempts + 1, due_at = %(lease_until)s,
    unsure = o.unsure OR o.state = 'sending', holder = %(holder)s,
    tried_since = CASE WHEN GREATEST(o.due_at, opened.again_at) < %(unattended_since)s THEN %(now)s ELSE o.tried_since END
FROM one, turn, opened
WHERE o.id = one.id
RETURNING o.id, o.kind, o.payload, o.fence, o.attempts, o.unsure, o.created_at,
    coalesce(o.tried_since, o.created_at) AS tried_since, o.due_at AS lease_until, o.priority, o.lane, o.way;

-- name: waiting
SELECT kind, payload FROM outbox WHERE way = %(way)s AND state = 'waiting' ORDER BY kind, id;
