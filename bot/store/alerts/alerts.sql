-- name: open_groups
-- The open group of each key, created if necessary. Opened in one order, so that two transactions that open the same
-- ones don't deadlock.
INSERT INTO alert_groups (source, key, quiet, opened_at)
SELECT %(source)s, given.key, given.quiet, %(now)s
FROM jsonb_to_recordset(%(rows)s) AS given (key text, quiet boolean)
ORDER BY given.key COLLATE "C"
ON CONFLICT (source, key) WHERE closed_at IS NULL DO UPDATE SET key = EXCLUDED.key
RETURNING id, key;

-- name: late_news
-- Firing alerts that began before their last end, if that was reported recently. Repeated after a while it is no
-- accident: then no row. Nor when the member that reported the end says so afterwards: it knows.
UPDATE alert_endings e SET late_at = coalesce(e.late_at, %(now)s)
FROM jsonb_to_recordset(%(rows)s) AS given (
    fingerprint text, starts_at timestamptz, told_by text, arrived timestamptz)
WHERE e.source = %(source)s AND e.fingerprint = given.fingerprint AND given.starts_at < e.ended_at
  AND (e.told_by IS DISTINCT FROM given.told_by OR e.told_by IS NULL OR e.told_at > given.arrived)
  AND e.told_at > %(ended_since)s AND (e.late_at IS NULL OR e.late_at > %(contradicted_since)s)
  AND NOT EXISTS (
      SELECT FROM alerts a WHERE a.source = e.source AND a.fingerprint = e.fingerprint AND a.resolved_at IS NULL)
RETURNING e.fingerprint, (e.told_by <> given.told_by) IS TRUE AS of_another;

-- name: last_groups
-- The group of each alert's last episode.
SELECT DISTINCT ON (fingerprint) group_id FROM alerts
WHERE source = %(source)s AND fingerprint = ANY(%(fingerprints)s) ORDER BY fingerprint, id DESC;

-- name: late_at
-- When was one of these last reported as firing although it had ended?
SELECT max(late_at) AS late_at FROM alert_endings
WHERE source = %(source)s AND fingerprint = ANY(%(fingerprints)s) AND told_at >= %(since)s;

-- name: save_firing
-- All alerts of several deliveries at once. A repeat of a firing alert is counted, and its contents updated. A start in
-- the future comes from a clock ahead of ours: it is capped at the first report.
INSERT INTO alerts (
    group_id, source, fingerprint, title, severity, description, url, runbook_url, labels, level, flagged, declares,
    procedure, count, first_at, risen_at, last_at, expires_at, source_group, starts_at, told_by, links, image, measured,
    delivery_id)
SELECT
    t.group_id, %(source)s, t.fingerprint, t.title, t.severity, t.description, t.url, t.runbook_url, t.labels, t.level,
    t.flagged, t.declares, t.procedure, t.count, %(now)s, %(now)s, %(now)s, t.expires_at, t.source_group, LEAST(t.starts_at, %(now)s),
    t.told_by, t.links, t.image, t.measured, t.delivery_id
FROM jsonb_to_recordset(%(rows)s) AS t (
    group_id bigint, fingerprint text, title text, severity text, description text, url text, runbook_url text,
    labels jsonb, level text, flagged boolean, declares text, procedure text, count int, expires_at timestamptz,
    source_group text, starts_at timestamptz, told_by text, links jsonb, image text, measured jsonb,
    delivery_id bigint)
ON CONFLICT (source, fingerprint) WHERE resolved_at IS NULL
DO UPDATE SET
    title = EXCLUDED.title, severity = EXCLUDED.severity, description = EXCLUDED.description, url = EXCLUDED.url,
    runbook_url = EXCLUDED.runbook_url, labels = EXCLUDED.labels, level = EXCLUDED.level, flagged = EXCLUDED.flagged,
    declares = EXCLUDED.declares, procedure = EXCLUDED.procedure, last_at = EXCLUDED.last_at,
    expires_at = EXCLUDED.expires_at, count = alerts.count + EXCLUDED.count,
    source_group = EXCLUDED.source_group, told_by = EXCLUDED.told_by, links = EXCLUDED.links, image = EXCLUDED.image,
    measured = EXCLUDED.measured, delivery_id = EXCLUDED.delivery_id,
    starts_at = CASE WHEN EXCLUDED.starts_at < %(now)s THEN GREATEST(alerts.starts_at, EXCLUDED.starts_at)
                     ELSE coalesce(alerts.starts_at, EXCLUDED.starts_at) END,
    risen_at = CASE WHEN array_position(%(levels)s, EXCLUDED.level) < array_position(%(levels)s, alerts.level)
                    THEN EXCLUDED.risen_at ELSE alerts.risen_at END
RETURNING group_id;

-- name: end_firing
-- Only firing ones; others give no row. An end before the episode's start belongs to an earlier one, and so does one
-- reported before this episode opened, unless it comes from the member that reported the start. An end with this very
-- start counts, whatever its sender's clock says.
UPDATE alerts a SET resolved_at = %(now)s
FROM jsonb_to_recordset(%(rows)s) AS given (fingerprint text, starts_at timestamptz, ends_at timestamptz, told_by text)
WHERE a.source = %(source)s AND a.fingerprint = given.fingerprint AND a.resolved_at IS NULL
  AND ((coalesce(given.ends_at, given.starts_at) >= a.starts_at) IS NOT FALSE OR given.starts_at = a.starts_at)
  AND NOT EXISTS (
      SELECT FROM alert_endings e
      WHERE e.source = a.source AND e.fingerprint = a.fingerprint AND e.ended_at >= given.ends_at
        AND e.told_at < a.first_at AND given.told_by IS DISTINCT FROM a.told_by)
RETURNING a.group_id;

-- name: keep_endings
-- Including ends of alerts never heard of: the firing may still be on its way. A later end replaces an earlier one; an
-- end in the future comes from a clock ahead of ours and is capped.
INSERT INTO alert_endings (source, fingerprint, ended_at, told_at, told_by)
SELECT %(source)s, given.fingerprint, LEAST(given.ends_at, %(now)s), %(now)s, given.told_by
FROM jsonb_to_recordset(%(rows)s) AS given (fingerprint text, ends_at timestamptz, told_by text)
WHERE given.ends_at IS NOT NULL
ORDER BY given.fingerprint COLLATE "C"
ON CONFLICT (source, fingerprint) DO UPDATE
SET ended_at = EXCLUDED.ended_at, told_at = EXCLUDED.told_at, told_by = EXCLUDED.told_by, late_at = NULL
WHERE alert_endings.ended_at < EXCLUDED.ended_at;

-- name: end_unlisted
-- In fully listed groups: firing alerts not in the list. Those reported as firing a moment ago stay: a list has no
-- time, and an older one (repeated, or from the other member of a pair) doesn't know of them yet.
UPDATE alerts SET resolved_at = %(now)s, unlisted = true
WHERE source = %(source)s AND source_group = ANY(%(listed)s) AND resolved_at IS NULL
  AND fingerprint <> ALL(%(fingerprints)s) AND last_at <= %(told_before)s
RETURNING group_id;

-- name: hide
-- How many alerts of these groups were not shown; a row for each group where that number changed.
UPDATE alert_groups g SET hidden = given.hidden
FROM jsonb_to_recordset(%(rows)s) AS given (key text, hidden int)
WHERE g.source = %(source)s AND g.key = given.key AND g.closed_at IS NULL AND g.hidden <> given.hidden
RETURNING g.id;

-- name: end_expired
UPDATE alerts SET resolved_at = %(now)s
WHERE group_id = %(group_id)s AND resolved_at IS NULL AND expires_at <= %(now)s;

-- name: end_group
UPDATE alerts SET resolved_at = %(now)s WHERE group_id = %(group_id)s AND resolved_at IS NULL;

-- name: hold_rule
-- Serialises counting for one rule: the second process sees what the first has added.
SELECT pg_advisory_xact_lock(hashtextextended(%(rule)s, 72069));

-- name: wait_for_reports
-- Serialises declarations: the second finds the incident of the first.
SELECT pg_advisory_xact_lock(hashtextextended('reports that declare', 0));

-- name: add_sightings
INSERT INTO alert_sightings (rule, at, times) VALUES (%(rule)s, %(now)s, %(times)s);

-- name: count_sightings
SELECT coalesce(sum(times), 0) AS count FROM alert_sightings
WHERE rule = %(rule)s AND at > %(since)s AND at <= %(now)s;

-- name: speak_up
-- As many matches as the rule waits for have arrived.
UPDATE alert_groups SET quiet = false, rests_until = NULL WHERE id = ANY(%(ids)s) AND quiet;

-- name: groups
SELECT * FROM alert_groups WHERE id = ANY(%(ids)s) ORDER BY id;

-- name: groups_locked
SELECT * FROM alert_groups WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE;

-- name: alerts_of
-- For each group the firing alerts, or once none fires, those that did. A source may keep one group open for months.
-- Written so that only the group's index applies: the index of firing alerts still contains all that have just ended,
-- and would be read in full each time.
SELECT newest.* FROM (
    SELECT id, EXISTS (
        SELECT FROM alerts f WHERE f.group_id = wanted.id AND coalesce(f.resolved_at, 'infinity') = 'infinity') AS fires
    FROM unnest(%(ids)s::bigint[]) AS wanted (id)) g
CROSS JOIN LATERAL (
    SELECT * FROM alerts a
    WHERE a.group_id = g.id AND (coalesce(a.resolved_at, 'infinity') = 'infinity' OR NOT g.fires)
    ORDER BY a.group_id DESC, a.id DESC LIMIT %(limit)s) newest
ORDER BY newest.group_id, newest.id;

-- name: put_off
-- Groups looked at a moment ago are due after their rest, unless they want an incident and have none.
UPDATE alert_groups SET due_at = LEAST(due_at, rests_until)
WHERE id = ANY(%(ids)s) AND rests_until > %(now)s
  AND (id <> ALL(%(urgent)s) OR incident_id IS NOT NULL OR silenced_until > %(now)s)
RETURNING id;

-- name: save_groups
UPDATE alert_groups g
SET told = given.told, acknowledged_by = given.acknowledged_by, acknowledged_at = given.acknowledged_at,
    incident_id = given.incident_id, silenced_by = given.silenced_by, silenced_until = given.silenced_until,
    silence_id = given.silence_id, silence_ids = given.silence_ids, page_at = given.page_at, due_at = given.due_at, rests_until = given.rests_until,
    closed_at = given.closed_at, closed_by = given.closed_by
FROM jsonb_populate_recordset(NULL::alert_groups, %(rows)s) AS given
WHERE g.id = given.id;

-- name: save_muted
UPDATE alerts a SET silence_ids = given.silence_ids
FROM jsonb_to_recordset(%(rows)s) AS given (id bigint, silence_ids bigint[])
WHERE a.id = given.id;

-- name: with_news
SELECT g.id FROM alert_groups g
WHERE g.id = ANY(%(ids)s) AND (
    EXISTS (SELECT FROM alerts a WHERE a.group_id = g.id AND a.first_at > coalesce(g.history_at, g.opened_at))
    OR EXISTS (SELECT FROM alerts a WHERE a.group_id = g.id AND a.resolved_at > coalesce(g.history_at, g.opened_at))
    OR g.acknowledged_at > g.history_at OR g.closed_at > g.history_at);

-- name: changed_since
SELECT * FROM alerts
WHERE group_id = %(group_id)s AND (first_at > %(since)s OR resolved_at > %(since)s) ORDER BY id LIMIT %(limit)s;

-- name: openings
SELECT count(*)::int AS count FROM alert_groups
WHERE source = %(source)s AND key = %(key)s AND opened_at >= %(since)s AND id <= %(id)s;

-- name: history_told
UPDATE alert_groups SET history_at = GREATEST(history_at, %(until)s) WHERE id = %(id)s;

-- name: claim_due
-- Skips those another process works on; the rest stay locked until this transaction ends.
SELECT * FROM alert_groups WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: push_ahead
-- A group that keeps failing must not block the others.
UPDATE alert_groups SET due_at = %(until)s WHERE id = %(id)s;

-- name: next_due
-- A group, or an alert about which two members contradict each other.
SELECT LEAST(
    (SELECT min(due_at) FROM alert_groups WHERE due_at IS NOT NULL),
    (SELECT min(due_at) FROM alert_disputes)
) AS due_at;

-- name: earlier_incidents_of
-- For each of these alerts: the open incident that it declared or was attached to earlier, and the resolved one that is
-- being watched.
SELECT
    a.source, a.fingerprint,
    (array_agg(i.id ORDER BY a.id DESC) FILTER (WHERE i.resolved_at IS NULL))[1] AS open,
    (array_agg(i.id ORDER BY a.id DESC) FILTER (WHERE w.incident_id IS NOT NULL))[1] AS watched
FROM unnest(%(sources)s::text[], %(fingerprints)s::text[]) AS given (source, fingerprint)
JOIN alerts a ON a.source = given.source AND a.fingerprint = given.fingerprint
JOIN alert_groups g ON g.id = a.group_id
JOIN incidents i ON i.id = g.incident_id
LEFT JOIN watches w ON w.incident_id = i.id
WHERE i.resolved_at IS NULL OR w.incident_id IS NOT NULL
GROUP BY a.source, a.fingerprint;

-- name: groups_of_incident
SELECT id FROM alert_groups WHERE incident_id = %(incident_id)s ORDER BY id;

-- name: forget_sightings
DELETE FROM alert_sightings WHERE at < %(before)s;

-- name: forget_endings
DELETE FROM alert_endings WHERE told_at < %(before)s;

-- name: open_ids
-- All open groups.
SELECT id FROM alert_groups WHERE closed_at IS NULL ORDER BY id;
