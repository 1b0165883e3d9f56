-- name: insert
INSERT INTO prompts (incident_id, about, asking, answered)
VALUES (%(incident_id)s, %(about)s, %(asking)s, %(answered)s)
RETURNING id;

-- name: get
SELECT id, incident_id, about, asking, answered, is_open FROM prompts WHERE id = %(id)s;

-- name: close
-- The caller holds the incident's lock.
UPDATE prompts SET is_open = false
WHERE incident_id = %(incident_id)s AND about = ANY(%(about)s) AND is_open
RETURNING id;

-- name: close_kinds
UPDATE prompts SET is_open = false
WHERE incident_id = %(incident_id)s AND split_part(about, ' ', 1) = ANY(%(kinds)s) AND is_open
RETURNING id;
