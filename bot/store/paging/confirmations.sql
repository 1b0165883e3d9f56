-- name: in_round
SELECT origin->>'test_page' AS person, origin->>'confirms' AS via FROM incidents
WHERE origin ? 'confirms' AND origin->'round' = to_jsonb(%(round)s::bigint);

-- name: latest
-- For each person and way: the latest test page that asks for confirmation, and whether that person gave it.
SELECT DISTINCT ON (person, via) i.origin->>'test_page' AS person, i.origin->>'confirms' AS via,
    i.declared_at AS asked_at, p.contact, p.state, p.error,
    CASE WHEN p.accepted_at IS NOT NULL AND i.acknowledged_by = p.person THEN i.acknowledged_at END AS confirmed_at
FROM incidents i LEFT JOIN pages p ON p.incident_id = i.id
WHERE i.origin ? 'confirms'
ORDER BY person, via, i.id DESC;

-- name: over
-- Answered, too old, or to somebody who has left.
SELECT id FROM incidents
WHERE resolved_at IS NULL AND origin ? 'confirms'
    AND (acknowledged_at IS NOT NULL OR declared_at <= %(before)s OR NOT origin->>'test_page' = ANY(%(people)s))
ORDER BY id;

-- name: open_of
SELECT id FROM incidents WHERE resolved_at IS NULL AND origin ? 'confirms' AND origin->>'test_page' = %(person)s;
