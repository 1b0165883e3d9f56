-- name: incidents
SELECT i.id, i.title, i.severity, i.room_id, i.declared_at, i.acknowledged_at, i.resolved_at, e.state, e.run, e.loop,
    e.step, e.policy
FROM incidents i JOIN escalations e ON e.incident_id = i.id ORDER BY i.id;

-- name: pages
-- A claim lasts fifteen seconds, so its end tells when the last attempt began. Where there were more claims than
-- attempts, the last one may have been a look for an earlier one only, and nothing is told.
SELECT p.id, p.incident_id, p.run, p.loop, p.step, p.tier, p.person, p.via, p.state, p.due_at, p.first_attempt_at,
    p.accepted_at, p.reference, p.error,
    CASE WHEN o.attempts = p.attempts THEN o.due_at - interval '15 seconds' END AS claimed_at
FROM pages p LEFT JOIN outbox o ON o.kind = 'page' AND (o.payload ->> 'page')::bigint = p.id AND o.state = 'sent'
ORDER BY p.id;

-- name: by_hand
-- When a person, and not the bot, has called somebody.
SELECT incident_id, at FROM timeline WHERE kind = 'escalated' AND actor <> 'tocsin' ORDER BY id;

-- name: answers
-- When an answer was there for everybody to see: its transaction may have waited for a step that was just taken.
SELECT incident_id, kind, actor, pg_xact_commit_timestamp(xmin) AS at
FROM timeline WHERE kind IN ('acknowledged', 'resolved', 'snoozed', 'escalated') ORDER BY id;

-- name: requests
SELECT key, kind, worked_at, set_aside_at, error FROM requests ORDER BY received_at;

-- name: alerts
-- What came in by the alerts' door and was kept, as it came.
SELECT convert_from(body, 'UTF8') AS body FROM alert_deliveries;

-- name: unfinished
-- All work left, no matter who started it, except the last looks at what Slack may do late: they are due after ten minutes.
SELECT 'delivery ' || kind AS what, count(*) AS count, max(error) AS error
FROM outbox
WHERE state IN ('waiting', 'sending')
    AND NOT (kind IN ('second_look', 'page_look') AND due_at > now() + interval '2 min')
GROUP BY kind
UNION ALL SELECT 'request', count(*), max(error) FROM requests WHERE worked_at IS NULL HAVING count(*) > 0
UNION ALL SELECT 'ladder', count(*), NULL FROM escalations WHERE due_at IS NOT NULL HAVING count(*) > 0;
