-- name: keep_delivery
-- No row when this very delivery is here already.
INSERT INTO alert_deliveries (source, key, received_at, accepted, body)
VALUES (%(source)s, %(key)s, %(now)s, %(accepted)s, %(body)s)
ON CONFLICT (source, key) DO NOTHING;

-- name: hold_groups
-- Every group a delivery may change, in one order for all processes, until its transaction ends.
SELECT id FROM alert_groups
WHERE closed_at IS NULL AND source = %(source)s AND (key = ANY(%(keys)s) OR id IN (
    SELECT group_id FROM alerts
    WHERE source = %(source)s AND fingerprint = ANY(%(fingerprints)s) AND resolved_at IS NULL))
ORDER BY id FOR UPDATE;

-- name: groups_of_firing
-- On which card does each of these alerts fire already?
SELECT fingerprint, group_id FROM alerts
WHERE source = %(source)s AND fingerprint = ANY(%(fingerprints)s) AND resolved_at IS NULL;

-- name: open_group
-- The open group of this key, a new one if need be; a silence that has not ended holds for the new one too.
INSERT INTO alert_groups (source, key, quiet, opened_at, silenced_by, silenced_until)
SELECT %(source)s, %(key)s, %(quiet)s, %(now)s, s.silenced_by, s.silenced_until
FROM (SELECT) one LEFT JOIN LATERAL (
    SELECT silenced_by, silenced_until FROM alert_groups
    WHERE source = %(source)s AND key = %(key)s AND silenced_until > %(now)s ORDER BY id DESC LIMIT 1) s ON true
ON CONFLICT (source, key) WHERE closed_at IS NULL DO UPDATE SET key = EXCLUDED.key
RETURNING id;

-- name: save_firing
-- All alerts of a delivery at once. A repeat of a firing alert is counted, and what it says now is kept.
INSERT INTO alerts (
    group_id, source, fingerprint, title, severity, description, url, runbook_url, labels, level, flagged, declares,
    procedure, count, first_at, risen_at, last_at, expires_at)
SELECT
    t.group_id, %(source)s, t.fingerprint, t.title, t.severity, t.description, t.url, t.runbook_url, t.labels, t.level,
    t.flagged, t.declares, t.procedure, t.count, %(now)s, %(now)s, %(now)s, t.expires_at
FROM jsonb_to_recordset(%(alerts)s) AS t (
    group_id bigint, fingerprint text, title text, severity text, description text, url text, runbook_url text,
    labels jsonb, level text, flagged boolean, declares text, procedure text, count int, expires_at timestamptz)
ON CONFLICT (source, fingerprint) WHERE resolved_at IS NULL
DO UPDATE SET
    title = EXCLUDED.title, severity = EXCLUDED.severity, description = EXCLUDED.description, url = EXCLUDED.url,
    runbook_url = EXCLUDED.runbook_url, labels = EXCLUDED.labels, level = EXCLUDED.level, flagged = EXCLUDED.flagged,
    declares = EXCLUDED.declares, procedure = EXCLUDED.procedure, last_at = EXCLUDED.last_at,
    expires_at = EXCLUDED.expires_at, count = alerts.count + EXCLUDED.count,
    risen_at = CASE WHEN array_position(%(levels)s, EXCLUDED.level) < array_position(%(levels)s, alerts.level)
                    THEN EXCLUDED.risen_at ELSE alerts.risen_at END
RETURNING group_id;

-- name: end_firing
-- Those that fire; what is over already, or was never heard of, is no row.
UPDATE alerts SET resolved_at = %(now)s
WHERE source = %(source)s AND fingerprint = ANY(%(fingerprints)s) AND resolved_at IS NULL
RETURNING group_id;

-- name: end_expired
UPDATE alerts SET resolved_at = %(now)s
WHERE group_id = %(group_id)s AND resolved_at IS NULL AND expires_at <= %(now)s;

-- name: hold_rule
-- Two processes count one rule one after the other: the one that comes second sees what the first has added.
SELECT pg_advisory_xact_lock(hashtextextended(%(rule)s, 72069));

-- name: add_sightings
INSERT INTO alert_sightings (rule, at, times) VALUES (%(rule)s, %(now)s, %(times)s);

-- name: count_sightings
SELECT coalesce(sum(times), 0) AS count FROM alert_sightings
WHERE rule = %(rule)s AND at > %(since)s AND at <= %(now)s;

-- name: speak_up
-- As many as the rule waits for have come.
UPDATE alert_groups SET quiet = false WHERE id = ANY(%(ids)s) AND quiet;

-- name: group
SELECT * FROM alert_groups WHERE id = %(id)s;

-- name: group_locked
SELECT * FROM alert_groups WHERE id = %(id)s FOR UPDATE;

-- name: alerts_of
-- Those that fire, or once none does, those that did. A source may keep one group going for months.
SELECT * FROM (
    SELECT * FROM alerts
    WHERE group_id = %(group_id)s AND (resolved_at IS NULL OR NOT EXISTS (
        SELECT FROM alerts f WHERE f.group_id = %(group_id)s AND f.resolved_at IS NULL))
    ORDER BY id DESC LIMIT %(limit)s) newest
ORDER BY id;

-- name: save_group
UPDATE alert_groups
SET told = %(told)s, acknowledged_by = %(acknowledged_by)s, acknowledged_at = %(acknowledged_at)s,
    incident_id = %(incident_id)s, silenced_by = %(silenced_by)s, silenced_until = %(silenced_until)s,
    page_at = %(page_at)s, due_at = %(due_at)s, closed_at = %(closed_at)s
WHERE id = %(id)s;

-- name: claim_due
-- Those another process is working on are skipped; the rest stay ours until this transaction ends.
SELECT * FROM alert_groups WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: push_ahead
-- A group that cannot be worked on must not stop the others.
UPDATE alert_groups SET due_at = %(until)s WHERE id = %(id)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM alert_groups WHERE due_at IS NOT NULL;

-- name: open_incident_of
-- The open incident that one of these alerts has declared, or was attached to, at an earlier time.
SELECT g.incident_id FROM alerts a
JOIN alert_groups g ON g.id = a.group_id
JOIN incidents i ON i.id = g.incident_id
WHERE a.source = %(source)s AND a.fingerprint = ANY(%(fingerprints)s) AND i.resolved_at IS NULL
ORDER BY a.id DESC LIMIT 1;

-- name: groups_of_incident
SELECT id FROM alert_groups WHERE incident_id = %(incident_id)s ORDER BY id;

-- name: forget_deliveries
DELETE FROM alert_deliveries WHERE received_at < %(before)s;

-- name: forget_sightings
DELETE FROM alert_sightings WHERE at < %(before)s;
