-- name: open
-- No row when one is open already or the page was cancelled meanwhile. Locks the page, so that an answer to it either
-- finds this alert or prevents its opening.
WITH page AS (
    SELECT id, incident_id, via, due_at FROM pages WHERE id = %(page_id)s AND state = 'waiting' FOR UPDATE)
INSERT INTO provider_alerts (incident_id, via, number, key, since)
SELECT page.incident_id, page.via, %(number)s, %(key)s, page.due_at FROM page
ON CONFLICT DO NOTHING
RETURNING *;

-- name: of_incident
SELECT * FROM provider_alerts WHERE incident_id = %(incident_id)s AND via = %(via)s ORDER BY number;

-- name: get
SELECT * FROM provider_alerts WHERE incident_id = %(incident_id)s AND via = %(via)s AND number = %(number)s;

-- name: is_known
SELECT EXISTS (SELECT FROM provider_alerts WHERE key = %(key)s) AS is_known;

-- name: set_state
UPDATE provider_alerts SET state = %(state)s, changed_at = %(now)s
WHERE incident_id = %(incident_id)s AND via = %(via)s AND number = %(number)s;
