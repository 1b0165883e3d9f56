-- name: limit
-- The wait doubles with each refusal of the one that tried for all. What was already on its way when the first was
-- refused is refused as well, and says nothing new. How long the other side asks for goes before what we would wait.
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
-- What was said to the one that tried was no word about the others.
UPDATE limited_ways SET again_at = %(now)s WHERE way = %(way)s AND again_at > %(now)s;

-- name: claim_probe
-- One tries for all: a page before anything else, and of the pages the newest, about what is wrong now; but first those
-- that were tried least, for one that is always refused must not keep the others waiting. When several processes look
-- at once, the second finds the time of the next try moved. As in the outbox's `claim`, what is claimed is due and first
-- in its lane; a claim that is over may have been accepted. A limit keeps from trying; that nobody was there to try once
-- it let one through does not count, as in `claim`.
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
