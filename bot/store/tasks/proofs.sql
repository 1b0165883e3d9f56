-- name: backups
-- Each database's newest backup that was taken and verified in this period.
SELECT DISTINCT ON (name) name, id, verified_at AS at FROM backups
WHERE name = ANY(%(names)s) AND state = 'good' AND started_at > %(since)s
    AND verified_at > %(since)s AND verified_at <= %(until)s
ORDER BY name, verified_at DESC;

-- name: drills
-- Each database's newest backup that passed a drill in this period.
SELECT DISTINCT ON (name) name, backup_id AS id, ended_at AS at FROM backup_drills
WHERE name = ANY(%(names)s) AND state = 'passed' AND ended_at > %(since)s AND ended_at <= %(until)s
ORDER BY name, ended_at DESC;

-- name: looks
-- Checks whose last look was in this period and found them healthy.
SELECT name, 0 AS id, looked_at AS at FROM checks
WHERE name = ANY(%(names)s) AND state = 'healthy' AND looked_at > %(since)s AND looked_at <= %(until)s ORDER BY name;

-- name: rehearsals
-- The last one that was completed in this period.
SELECT title AS name, id, resolved_at AS at FROM incidents
WHERE drill AND NOT origin ? 'test_page' AND resolved_at > %(since)s AND resolved_at <= %(until)s
ORDER BY resolved_at DESC LIMIT 1;

-- name: test_pages
-- The last one in this period that a provider accepted and its recipient acknowledged. `names` NULL: anybody's.
SELECT origin->>'test_page' AS name, id, acknowledged_at AS at FROM incidents i
WHERE origin ? 'test_page' AND acknowledged_at > %(since)s AND acknowledged_at <= %(until)s
    AND (%(names)s::text[] IS NULL OR origin->>'test_page' = ANY(%(names)s::text[]))
    AND EXISTS (SELECT FROM pages p WHERE p.incident_id = i.id AND p.accepted_at IS NOT NULL)
ORDER BY acknowledged_at DESC LIMIT 1;
