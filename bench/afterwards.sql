-- The data of a busy App Home, and of an incident that lasted a long night.

-- name: incidents
INSERT INTO incidents (title, severity, status, declared_by, declared_at, acknowledged_by, acknowledged_at, roles)
SELECT 'Report ' || number, 'P2', 'investigating', 'eve', %(now)s, 'ada', %(now)s, '{"lead": "ada"}'
FROM generate_series(1, %(incidents)s::int) number;

-- name: work
-- A task and an action for each incident.
WITH given AS (
    INSERT INTO tasks (incident_id, what, owner, asked_by, asked_at, set_at, due_at)
    SELECT id, 'Look into it', 'ada', 'eve', %(now)s::timestamptz, %(now)s, %(now)s::timestamptz + interval '1 day'
    FROM incidents WHERE title LIKE 'Report %%')
INSERT INTO actions (incident_id, what, owner, priority, by_at, created_by, created_at, set_at)
SELECT id, 'Write it down', 'ada', 'normal', %(now)s::timestamptz + interval '9 days', 'eve', %(now)s, %(now)s
FROM incidents WHERE title LIKE 'Report %%';

-- name: timeline
-- For the incident that has a room.
INSERT INTO timeline (incident_id, at, actor, kind, text)
SELECT 1, %(now)s::timestamptz + number * interval '1 s', 'eve', 'note', 'step ' || number || ' of a long night'
FROM generate_series(1, %(entries)s::int) number;
