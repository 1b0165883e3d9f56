-- A room that was opened before has a topic that tells a status, which nobody changes any more: once more, unless the new
-- one is there already.
INSERT INTO outbox (kind, payload, key, way, priority, due_at, unsure, created_at)
SELECT 'topic', jsonb_build_object('incident', id), 'topic ' || id, 'slack', 3, now(), true, now()
FROM incidents WHERE resolved_at IS NULL AND room_id IS NOT NULL
ON CONFLICT DO NOTHING;
