-- name: set_rooms
-- Why the room takes no messages, NULL when it does; no row when nothing changed.
UPDATE incidents SET room_closed = %(why)s
WHERE room_id = %(channel)s AND room_closed IS DISTINCT FROM %(why)s AND (room_closed IS NULL OR %(certain)s)
RETURNING *;

-- name: set_channels
-- The same for a channel of the runbook.
UPDATE channels SET closed = %(why)s
WHERE slack_id = %(channel)s AND closed IS DISTINCT FROM %(why)s AND (closed IS NULL OR %(certain)s)
RETURNING name;

-- name: is_closed
SELECT EXISTS (SELECT FROM incidents WHERE room_id = %(channel)s AND room_closed IS NOT NULL)
    OR EXISTS (SELECT FROM channels WHERE slack_id = %(channel)s AND closed IS NOT NULL) AS is_closed;

-- name: is_any_channel_closed
SELECT EXISTS (SELECT FROM channels WHERE closed IS NOT NULL) AS is_any_closed;

-- name: closed
-- Which of the runbook's channels, and rooms of open incidents, take no messages?
SELECT '#' || name AS name, closed AS why FROM channels WHERE closed IS NOT NULL
UNION ALL
SELECT '#' || room_name || ' of INC-' || id, room_closed FROM incidents
WHERE room_closed IS NOT NULL AND resolved_at IS NULL
ORDER BY name;

-- name: latest_cards
-- The cards in a channel of the runbook, newest first.
SELECT cards.key FROM cards JOIN channels ON channels.slack_id = cards.channel
WHERE channels.name = %(name)s
ORDER BY cards.ts DESC
LIMIT %(limit)s;

-- name: cards_in
-- The cards that stand in a channel, newest first.
SELECT key FROM cards WHERE channel = %(channel)s ORDER BY ts DESC LIMIT %(limit)s;

-- name: claim_look
-- The room of an open incident that nobody has looked at since then, claimed by one process.
INSERT INTO room_looks (incident_id, looked_at)
SELECT i.id, %(now)s FROM incidents i LEFT JOIN room_looks l ON l.incident_id = i.id
WHERE i.resolved_at IS NULL AND i.room_id IS NOT NULL
  AND coalesce(l.looked_at, i.room_at) NOT BETWEEN %(since)s AND %(now)s
ORDER BY l.looked_at NULLS FIRST, i.id LIMIT 1
ON CONFLICT (incident_id) DO UPDATE SET looked_at = EXCLUDED.looked_at
WHERE room_looks.looked_at NOT BETWEEN %(since)s AND %(now)s
RETURNING (SELECT room_id FROM incidents WHERE id = incident_id);
