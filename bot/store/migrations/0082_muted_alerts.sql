-- Which silences have muted an alert: one that fired only while its card was loud, for the sake of another, was not.

ALTER TABLE alerts ADD COLUMN silence_ids bigint[] NOT NULL DEFAULT '{}';
-- Of silences in force. What fires on cards that several have muted is seen to at the next look, which is now.
UPDATE alerts a SET silence_ids = ARRAY[s.id]
FROM alert_groups g JOIN silences s ON s.id = g.silence_id
WHERE a.group_id = g.id AND s.ended_at IS NULL AND (a.resolved_at IS NULL OR a.resolved_at > s.starts_at);
UPDATE alert_groups SET due_at = now() WHERE closed_at IS NULL AND silenced_until > now();
