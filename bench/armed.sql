-- Incidents whose first page was accepted and whose room is open, but which nobody has acknowledged.

-- name: incidents
INSERT INTO incidents (title, severity, status, declared_by, declared_at, room_id, room_name, room_at)
SELECT 'Report ' || number, 'P1', 'investigating', %(declarer)s, %(now)s, room_id, room_name, %(now)s
FROM unnest(%(room_ids)s::text[], %(room_names)s::text[]) WITH ORDINALITY AS room (room_id, room_name, number)
ORDER BY number
RETURNING id;

-- name: timeline
INSERT INTO timeline (incident_id, at, actor, kind, text)
SELECT id, %(now)s, %(declarer)s, 'declared', '' FROM unnest(%(ids)s::bigint[]) AS id;

-- name: pages
INSERT INTO pages (incident_id, run, loop, step, tier, person, via, contact, state, attempts, due_at, first_attempt_at,
                   accepted_at)
SELECT id, 1, 0, 0, 'oncall', 'ada', 'slack', %(contact)s, 'accepted', 1, %(now)s, %(now)s, %(now)s
FROM unnest(%(ids)s::bigint[]) AS id;

-- name: cards
-- Both cards exist already, so they are edited.
INSERT INTO cards (key, channel, ts, digest)
SELECT 'incident:' || id, room_id, ts, ''
FROM unnest(%(ids)s::bigint[], %(room_ids)s::text[], %(stamps)s::text[]) AS card (id, room_id, ts);

-- name: escalations
INSERT INTO escalations (incident_id, policy, state, loop, step, next_at, last_tier, last_step_at)
SELECT id, policy, 'climbing', 0, 1, due_at, 'oncall', %(now)s
FROM unnest(%(ids)s::bigint[], %(policies)s::jsonb[], %(due_at)s::timestamptz[]) AS ladder (id, policy, due_at);

-- name: second_pages
-- When the measured pages were due.
SELECT id, due_at FROM pages WHERE incident_id = ANY(%(ids)s) AND step = 1;
