-- name: insert
INSERT INTO incidents (title, severity, status, drill, private, declared_by, declared_at, origin, request)
VALUES (%(title)s, %(severity)s, 'investigating', %(drill)s, %(private)s, %(declared_by)s, %(now)s, %(origin)s, %(request)s)
RETURNING *;

-- name: by_id
SELECT * FROM incidents WHERE id = %(id)s;

-- name: by_id_locked
-- Serialises deeds on one incident. NO KEY: a ladder's step inserts into the timeline, and its foreign key check must
-- not wait for us while we wait for the ladder, which would deadlock.
SELECT * FROM incidents WHERE id = %(id)s FOR NO KEY UPDATE;

-- name: by_ids
SELECT * FROM incidents WHERE id = ANY(%(ids)s);

-- name: by_ids_locked
-- As by_id_locked; in order of id, so that two transactions that lock several cannot deadlock.
SELECT * FROM incidents WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE;

-- name: by_room
SELECT * FROM incidents WHERE room_id = %(room_id)s;

-- name: by_request
SELECT * FROM incidents WHERE request = %(request)s;

-- name: open
-- Without test pages, which wait for days to be confirmed.
SELECT * FROM incidents WHERE resolved_at IS NULL AND NOT origin ? 'confirms' ORDER BY declared_at DESC, id DESC LIMIT %(limit)s;

-- name: open_counts
SELECT severity, drill, count(*) AS count FROM incidents
WHERE resolved_at IS NULL AND NOT origin ? 'confirms' GROUP BY severity, drill;

-- name: open_with_room
-- The rooms to tell when the database stops answering: read every second, and remembered.
SELECT * FROM incidents WHERE resolved_at IS NULL AND room_id IS NOT NULL ORDER BY declared_at DESC, id DESC LIMIT %(limit)s;

-- name: newest
SELECT * FROM incidents WHERE NOT origin ? 'confirms' ORDER BY declared_at DESC, id DESC LIMIT %(limit)s;

-- name: open_of_origin
-- The open incident declared for this check or alert.
SELECT * FROM incidents WHERE resolved_at IS NULL AND origin @> %(origin)s ORDER BY id LIMIT 1;

-- name: set_severity
UPDATE incidents SET severity = %(severity)s WHERE id = %(id)s;

-- name: set_status
-- Monitoring for the first time means mitigated.
UPDATE incidents SET status = %(status)s,
    mitigated_at = CASE WHEN %(status)s = 'monitoring' THEN coalesce(mitigated_at, %(now)s) ELSE mitigated_at END
WHERE id = %(id)s;

-- name: acknowledge
-- No row when somebody has acknowledged already.
UPDATE incidents SET acknowledged_by = %(who)s, acknowledged_at = %(now)s,
    first_acknowledged_at = coalesce(first_acknowledged_at, %(now)s)
WHERE id = %(id)s AND acknowledged_at IS NULL;

-- name: unacknowledge
UPDATE incidents SET acknowledged_by = NULL, acknowledged_at = NULL WHERE id = %(id)s;

-- name: set_role
UPDATE incidents SET roles = roles || jsonb_build_object(%(role)s::text, %(who)s::text) WHERE id = %(id)s;

-- name: set_impact
UPDATE incidents SET impact = %(impact)s, facts = facts || %(facts)s WHERE id = %(id)s;

-- name: set_facts
UPDATE incidents SET facts = facts || %(facts)s, updated_at = %(now)s WHERE id = %(id)s;

-- name: resolve
UPDATE incidents
SET status = 'resolved', resolved_by = %(who)s, resolved_at = %(now)s, summary = %(summary)s,
    mitigated_at = coalesce(mitigated_at, %(now)s)
WHERE id = %(id)s;

-- name: reopen
UPDATE incidents
SET closed_for = closed_for + greatest(%(now)s - resolved_at, interval '0'),
    status = 'investigating', resolved_by = NULL, resolved_at = NULL, acknowledged_by = NULL,
    acknowledged_at = NULL, summary = NULL, mitigated_at = NULL
WHERE id = %(id)s;

-- name: correct
UPDATE incidents SET started_at = %(started)s, detected_at = %(detected)s, mitigated_at = %(mitigated)s
WHERE id = %(id)s;

-- name: note_alert
-- Several alerts may be tied to it in one transaction: the earliest counts.
UPDATE incidents SET alerted_at = LEAST(alerted_at, %(at)s) WHERE id = %(id)s;

-- name: set_room
UPDATE incidents SET room_id = %(room_id)s, room_name = %(room_name)s, room_at = %(now)s, room_error = NULL WHERE id = %(id)s;

-- name: set_room_error
UPDATE incidents SET room_error = %(error)s, room_lost = %(lost)s WHERE id = %(id)s;

-- name: rename_room
UPDATE incidents SET room_name = %(room_name)s WHERE room_id = %(room_id)s;

-- name: write
-- An entry with a key is written once.
INSERT INTO timeline (incident_id, at, actor, kind, text, key)
SELECT incident_id, at, actor, kind, text, key FROM jsonb_populate_recordset(NULL::timeline, %(rows)s) AS given
ON CONFLICT (incident_id, key) DO NOTHING
RETURNING id;

-- name: reopened_since
SELECT EXISTS (
    SELECT FROM timeline WHERE incident_id = %(incident_id)s AND kind = 'reopened' AND at > %(since)s) AS reopened;

-- name: last_reopened
SELECT max(at) AS at FROM timeline WHERE incident_id = %(incident_id)s AND kind = 'reopened';

-- name: answers
-- Acknowledgements and reopenings, which decide who has acknowledged since when. Oldest first.
SELECT id, at, actor, kind, text FROM timeline
WHERE incident_id = %(incident_id)s AND kind IN ('acknowledged', 'reopened') ORDER BY at, id;

-- name: timeline
-- Oldest first, without hidden entries.
SELECT id, at, actor, kind, text FROM timeline WHERE incident_id = %(incident_id)s AND hidden_at IS NULL ORDER BY at, id;
