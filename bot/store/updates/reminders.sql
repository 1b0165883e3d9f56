-- name: of_incident
SELECT incident_id, audience, told_at, promised_at, stage, due_at FROM update_reminders WHERE incident_id = %(incident_id)s ORDER BY audience;

-- name: save
INSERT INTO update_reminders (incident_id, audience, told_at, promised_at, stage, due_at, set_at)
SELECT incident_id, audience, told_at, promised_at, stage, due_at, set_at
FROM jsonb_populate_recordset(NULL::update_reminders, %(rows)s)
ON CONFLICT (incident_id, audience) DO UPDATE
SET told_at = EXCLUDED.told_at, promised_at = EXCLUDED.promised_at, stage = EXCLUDED.stage, due_at = EXCLUDED.due_at,
    set_at = EXCLUDED.set_at;

-- name: put_off
-- No row when they have been told meanwhile.
UPDATE update_reminders SET due_at = %(until)s, set_at = %(now)s
WHERE incident_id = %(incident_id)s AND audience = %(audience)s;

-- name: forget
DELETE FROM update_reminders WHERE incident_id = %(incident_id)s AND audience = %(audience)s;

-- name: last_words
-- The last text that reached this audience.
SELECT text, coalesce(decided_at, created_at) AS at FROM stakeholder_updates u
WHERE incident_id = %(incident_id)s AND audience = %(audience)s AND state = 'released'
  AND EXISTS (SELECT FROM update_deliveries WHERE update_id = u.id AND (state = 'accepted' OR unsure))
ORDER BY id DESC LIMIT 1;

-- name: due
SELECT incident_id FROM update_reminders WHERE due_at <= %(now)s
GROUP BY incident_id ORDER BY min(due_at) LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE update_reminders SET due_at = %(until)s WHERE incident_id = %(incident_id)s AND due_at <= %(now)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM update_reminders;
