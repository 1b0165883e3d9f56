-- name: by_id
-- Hidden or not.
SELECT id, at, actor, kind, text, hidden_at FROM timeline WHERE incident_id = %(incident_id)s AND id = %(id)s;

-- name: by_key
SELECT id, at, actor, kind, text, hidden_at FROM timeline WHERE incident_id = %(incident_id)s AND key = %(key)s;

-- name: hidden
-- Oldest first.
SELECT id, at, actor, kind, text, hidden_at FROM timeline
WHERE incident_id = %(incident_id)s AND hidden_at IS NOT NULL ORDER BY at, id;

-- name: change
WITH kept AS (
    INSERT INTO timeline_changes (entry_id, incident_id, at, actor, what, was_at, was_text, why)
    SELECT id, incident_id, %(now)s, %(actor)s, %(what)s, at, text, %(why)s FROM timeline WHERE id = %(id)s)
UPDATE timeline SET at = %(at)s, text = %(text)s, hidden_at = %(hidden_at)s WHERE id = %(id)s;

-- name: changes
-- Oldest first.
SELECT entry_id, at, actor, what, was_at, was_text, why FROM timeline_changes
WHERE incident_id = %(incident_id)s ORDER BY id;
