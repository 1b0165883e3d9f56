-- name: open
-- The alarm of this check that has not ended, held for this transaction.
SELECT * FROM check_alarms WHERE check_name = %(check)s AND closed_at IS NULL FOR NO KEY UPDATE;

-- name: raise
INSERT INTO check_alarms (check_name, state, since, value, reason, opened_at)
VALUES (%(check)s, %(state)s, %(since)s, %(value)s, %(reason)s, %(now)s)
RETURNING *;

-- name: by_id
SELECT * FROM check_alarms WHERE id = %(id)s;

-- name: by_id_locked
SELECT * FROM check_alarms WHERE id = %(id)s FOR NO KEY UPDATE;

-- name: change
UPDATE check_alarms SET state = %(state)s, value = %(value)s, reason = %(reason)s WHERE id = %(id)s;

-- name: close
UPDATE check_alarms SET closed_at = %(now)s WHERE id = %(id)s;

-- name: acknowledge
UPDATE check_alarms SET acknowledged_by = %(who)s WHERE id = %(id)s;

-- name: attach
UPDATE check_alarms SET incident_id = %(incident_id)s WHERE id = %(id)s;
