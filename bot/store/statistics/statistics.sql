-- name: counts
-- By severity, source and hour, and in total. Drills never count; test pages are drills.
SELECT severity, source, hour, count(*) AS count, count(*) FILTER (WHERE resolved_at IS NULL) AS open,
    count(*) FILTER (WHERE private) AS private, count(started_at) AS dated,
    count(*) FILTER (WHERE EXISTS (SELECT FROM timeline t WHERE t.incident_id = counted.id AND t.kind = 'reopened')) AS reopened
FROM (
    SELECT id, severity, resolved_at, private, started_at,
        coalesce(origin -> 'alert' ->> 'source', CASE WHEN origin ? 'check' THEN 'health' ELSE 'person' END) AS source,
        extract(hour FROM declared_at AT TIME ZONE %(zone)s)::int AS hour
    FROM incidents WHERE declared_at BETWEEN %(since)s AND %(until)s AND NOT drill) counted
GROUP BY GROUPING SETS ((), (severity), (source), (hour))
ORDER BY count DESC, severity, source, hour;

-- name: drills
SELECT count(*) AS count FROM incidents
WHERE declared_at BETWEEN %(since)s AND %(until)s AND drill AND NOT origin ? 'test_page';

-- name: times
-- Each pair of milestones, in total and by severity. Pairs put out of order by a clock change are left out.
SELECT pair.name, i.severity, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY pair.took) AS median,
    avg(pair.took) AS mean, percentile_cont(0.9) WITHIN GROUP (ORDER BY pair.took) AS p90
FROM incidents i JOIN milestones m ON m.incident_id = i.id CROSS JOIN LATERAL (VALUES
    ('detect', m.detected - m.started), ('acknowledge', m.acknowledged - m.declared),
    ('mitigate', m.mitigated - m.detected), ('resolve', m.resolved - m.started)) pair (name, took)
WHERE i.declared_at BETWEEN %(since)s AND %(until)s AND NOT i.drill AND pair.took >= interval '0'
GROUP BY GROUPING SETS ((pair.name), (pair.name, i.severity));

-- name: deadlines
-- Whether somebody responded, and it was resolved, in time, including before a reopening; exactly at the deadline is in
-- time.
SELECT kind, count(*) FILTER (WHERE done_at <= by) AS kept,
    count(*) FILTER (WHERE done_at > by OR done_at IS NULL AND by <= %(now)s) AS missed,
    count(*) FILTER (WHERE done_at IS NULL AND by > %(now)s) AS open
FROM incidents i CROSS JOIN LATERAL (
    SELECT d.kind, d.by, CASE d.kind WHEN 'respond' THEN i.acknowledged_at ELSE i.resolved_at END AS done_at
    FROM deadlines d WHERE d.incident_id = i.id
    UNION ALL SELECT e.kind, e.by, e.done_at FROM ended_deadlines e WHERE e.incident_id = i.id) promised
WHERE i.declared_at BETWEEN %(since)s AND %(until)s AND NOT i.drill
GROUP BY kind;

-- name: updates
-- From the declaration through each update to the end: was every wait as short as the severity promises? The time
-- between resolution and reopening doesn't count; a wait still open at `now` is missed once it is too long.
SELECT count(*) FILTER (WHERE waited <= promised AND kind <> 'now') AS kept,
    count(*) FILTER (WHERE waited > promised) AS missed,
    count(*) FILTER (WHERE waited <= promised AND kind = 'now') AS open
FROM (
    SELECT word.at - lag(word.at) OVER byincident AS waited, lag(word.kind) OVER byincident AS since, word.kind, p.promised
    FROM incidents i JOIN jsonb_to_recordset(%(rhythms)s) AS p (severity text, promised interval)
        ON p.severity = i.severity
    CROSS JOIN LATERAL (
        SELECT i.declared_at AS at, 'declared' AS kind UNION ALL
        SELECT coalesce(i.resolved_at, %(now)s), CASE WHEN i.resolved_at IS NULL THEN 'now' ELSE 'resolved' END UNION ALL
        SELECT t.at, t.kind FROM timeline t WHERE t.incident_id = i.id AND t.kind IN ('update', 'resolved', 'reopened')
            AND t.at >= i.declared_at AND t.at < coalesce(i.resolved_at, %(now)s)) word
    WHERE i.declared_at BETWEEN %(since)s AND %(until)s AND NOT i.drill
    WINDOW byincident AS (PARTITION BY i.id ORDER BY word.at, word.kind = 'reopened')) waits
WHERE waited IS NOT NULL AND since <> 'resolved';

-- name: afterwards
-- Post-mortems and actions of these incidents, against their due dates.
SELECT what, count(*) FILTER (WHERE done_at <= by) AS kept,
    count(*) FILTER (WHERE done_at > by OR done_at IS NULL AND by <= %(now)s) AS missed,
    count(*) FILTER (WHERE done_at IS NULL AND by > %(now)s) AS open
FROM (
    SELECT 'postmortems' AS what, incident_id, review_due_at AS by, ended_at AS done_at
    FROM postmortems WHERE withdrawn_at IS NULL AND state <> 'waived'
    UNION ALL SELECT 'actions', incident_id, by_at, done_at FROM actions) promised
JOIN incidents i ON i.id = promised.incident_id
WHERE i.declared_at BETWEEN %(since)s AND %(until)s AND NOT i.drill
GROUP BY what;

-- name: people
-- How often each person was paged, and how long they took to acknowledge: from their first page in that run of the
-- ladder. Resolving an incident not acknowledged since that page counts as acknowledging it. A step counts once, when a
-- provider accepted it by any way. There may be a million pages: they are read once, incident by incident, and never
-- sorted together; local time is computed per quarter of an hour, as every zone's offset is a multiple of that. Private
-- incidents are left out: whom they called is confidential.
WITH runs AS MATERIALIZED (
    SELECT i.id AS incident_id, own.*
    FROM incidents i CROSS JOIN LATERAL (
        SELECT person, run, min(first_at) AS first_at, sum(pages) AS pages,
            sum(pages) FILTER (WHERE extract(hour FROM local) >= %(night_begins)s
                OR extract(hour FROM local) < %(night_ends)s) AS at_night,
            sum(pages) FILTER (WHERE extract(isodow FROM local) >= 6) AS at_weekends
        FROM (
            SELECT person, run, min(accepted_at) AS first_at, count(*) AS pages, quarter AT TIME ZONE %(zone)s AS local
            FROM (
                SELECT p.person, p.run, min(p.accepted_at) AS accepted_at,
                    date_bin('15 min', min(p.accepted_at), '2000-01-01Z') AS quarter
                FROM pages p WHERE p.incident_id = i.id AND p.accepted_at IS NOT NULL
                GROUP BY p.person, p.run, p.loop, p.step) steps
            GROUP BY person, run, quarter) quarters
        GROUP BY person, run) own
    WHERE i.declared_at BETWEEN %(since)s AND %(until)s AND NOT i.drill AND NOT i.private
), answers AS (
    SELECT DISTINCT ON (t.id) t.actor AS person, t.at - r.first_at AS took
    FROM runs r JOIN timeline t ON t.incident_id = r.incident_id AND t.actor = r.person
    WHERE r.first_at <= t.at AND (t.kind = 'acknowledged' OR t.kind = 'resolved' AND NOT EXISTS (
        SELECT FROM timeline a
        WHERE a.incident_id = t.incident_id AND a.kind = 'acknowledged' AND a.at BETWEEN r.first_at AND t.at))
    ORDER BY t.id, r.run DESC
), answered AS (
    SELECT person, count(*) AS answered, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS median,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY took) AS p90
    FROM answers GROUP BY person
), paged AS (
    SELECT person, sum(pages)::int AS pages, coalesce(sum(at_night), 0)::int AS at_night,
        coalesce(sum(at_weekends), 0)::int AS at_weekends
    FROM runs GROUP BY person)
SELECT person, pages, at_night, at_weekends, coalesce(answered, 0) AS answered, median, p90
FROM paged LEFT JOIN answered USING (person)
ORDER BY pages DESC, person;

-- name: noise
-- Cards of alerts that opened in this period.
SELECT count(*) AS groups, coalesce(sum(alerts), 0)::int AS alerts,
    coalesce(sum(alerts) FILTER (WHERE incident_id IS NOT NULL), 0)::int AS tied,
    count(DISTINCT incident_id) AS incidents,
    count(*) FILTER (WHERE acknowledged_at IS NOT NULL AND incident_id IS NULL AND closed_at IS NOT NULL) AS unacted,
    count(*) FILTER (WHERE opened_at - third_last <= %(flaps_within)s) AS flapping,
    count(*) FILTER (WHERE silence_id IS NOT NULL OR silenced_by IS NOT NULL) AS silenced
FROM (
    SELECT g.*, (SELECT count(*) FROM alerts a WHERE a.group_id = g.id) AS alerts,
        lag(g.opened_at, %(flaps)s - 1) OVER (PARTITION BY g.source, g.key ORDER BY g.opened_at, g.id) AS third_last
    FROM alert_groups g WHERE g.opened_at BETWEEN %(since)s AND %(until)s AND NOT g.quiet) told;

-- name: recoveries
SELECT what, name, count(*) AS count, count(*) FILTER (WHERE good) AS good,
    count(*) FILTER (WHERE good AND took <= rto) AS rto_met, count(*) FILTER (WHERE good AND took > rto) AS rto_missed
FROM (
    SELECT 'restore' AS what, name, state = 'done' AS good, took, rto FROM backup_restores
    WHERE ended_at BETWEEN %(since)s AND %(until)s AND state IN ('done', 'failed', 'lost')
    UNION ALL
    SELECT 'drill', name, state = 'passed', took, rto FROM backup_drills
    WHERE ended_at BETWEEN %(since)s AND %(until)s) brought
GROUP BY what, name ORDER BY what, name;

-- name: gaps
-- Was the time between consecutive good backups within the objective?
SELECT name, count(*) FILTER (WHERE waited <= rpo) AS kept, count(*) FILTER (WHERE waited > rpo) AS missed
FROM (
    SELECT b.name, b.started_at - lag(b.started_at) OVER (PARTITION BY b.name ORDER BY b.started_at) AS waited, r.rpo
    FROM backups b JOIN jsonb_to_recordset(%(objectives)s) AS r (name text, rpo interval) ON r.name = b.name
    WHERE b.started_at BETWEEN %(since)s AND %(until)s AND b.state IN ('good', 'deleted')) runs
WHERE waited IS NOT NULL
GROUP BY name ORDER BY name;
