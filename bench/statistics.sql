-- A year of a team that is paged a lot: everything that statistics are computed from.

-- name: incidents
-- Three severities in turn, spread evenly over the past year.
INSERT INTO incidents (title, severity, status, declared_by, declared_at, acknowledged_by, acknowledged_at,
                       first_acknowledged_at, mitigated_at, resolved_by, resolved_at, updated_at)
SELECT 'Report ' || number, 'P' || 1 + number %% 3, 'resolved', 'eve', declared_at, 'ada', declared_at + interval '4 min',
    declared_at + interval '4 min', declared_at + interval '40 min', 'ada', declared_at + interval '55 min', declared_at
FROM (
    SELECT number, %(now)s - interval '1 hour' - number * interval '364 days' / %(incidents)s AS declared_at
    FROM generate_series(1, %(incidents)s::int) number) spread;

-- name: timeline
INSERT INTO timeline (incident_id, at, actor, kind, text)
SELECT i.id, i.declared_at + after, actor, kind, ''
FROM incidents i CROSS JOIN (VALUES
    (interval '0', 'eve', 'declared'), (interval '4 min', 'ada', 'acknowledged'), (interval '20 min', 'ada', 'update'),
    (interval '40 min', 'ada', 'update'), (interval '55 min', 'ada', 'resolved')) told (after, actor, kind)
WHERE i.title LIKE 'Report %%';

-- name: deadlines
INSERT INTO deadlines (incident_id, kind, severity, since, warned_at, by)
SELECT i.id, kind, i.severity, i.declared_at, i.declared_at, i.declared_at + after
FROM incidents i CROSS JOIN (VALUES ('respond', interval '5 min'), ('resolve', interval '50 min')) promised (kind, after)
WHERE i.title LIKE 'Report %%';

-- name: pages
-- The same number per incident: every step pages one person by two ways. Inserted in chronological order.
INSERT INTO pages (incident_id, run, loop, step, tier, person, via, contact, state, attempts, due_at, first_attempt_at,
                   accepted_at)
SELECT i.id, 1, step / 5, step %% 5, 'oncall', (ARRAY['ada', 'bob', 'cid', 'dan', 'eve'])[1 + (i.id + step) %% 5], via,
    'there', 'accepted', 1, i.declared_at + step * interval '5 s', i.declared_at + step * interval '5 s',
    i.declared_at + step * interval '5 s' + interval '1 s'
FROM incidents i CROSS JOIN generate_series(0, %(steps)s::int - 1) step CROSS JOIN (VALUES ('slack'), ('email')) way (via)
WHERE i.title LIKE 'Report %%'
ORDER BY i.id DESC, step;

-- name: settle
-- As autovacuum would do after a while.
VACUUM ANALYZE;
