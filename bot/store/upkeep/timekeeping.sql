-- name: time
SELECT the_time() AS now;

-- name: ring
-- Every process that hears it checks the clock.
SELECT pg_notify('tocsin', 'clock');

-- name: entries
-- Acknowledgements and reopenings dated in the future, of incidents that are open or end in the future; their order is
-- kept. A page made now must not appear to come before a reopening.
UPDATE timeline t SET at = LEAST(t.at + %(by)s::interval, %(now)s)
FROM incidents i
WHERE i.id = t.incident_id AND (i.resolved_at IS NULL OR i.resolved_at > %(now)s) AND t.at > %(now)s
  AND t.kind IN ('acknowledged', 'reopened');

-- name: ends
-- Incidents resolved in the future: an alert that fires now is not one that fired before that end. Renames the card of
-- the watch, whose key contains that instant.
WITH ended AS (SELECT id, resolved_at AS was FROM incidents WHERE resolved_at > %(now)s ORDER BY id FOR NO KEY UPDATE),
moved AS (
    UPDATE incidents i SET resolved_at = LEAST(e.was + %(by)s::interval, %(now)s)
    FROM ended e WHERE i.id = e.id RETURNING i.id, e.was, i.resolved_at AS ended_at),
named AS (
    SELECT id, was, ended_at, 'watch:' || id || '.' || round(extract(epoch FROM was)) AS before,
        'watch:' || id || '.' || round(extract(epoch FROM ended_at)) AS after
    FROM moved),
watched AS (UPDATE watches w SET ended_at = n.ended_at FROM named n WHERE w.incident_id = n.id AND w.ended_at = n.was),
shown AS (UPDATE cards c SET key = n.after FROM named n WHERE c.key = n.before),
leaving AS (
    UPDATE outbox o SET payload = o.payload || jsonb_build_object('card', n.after), key = 'card ' || n.after,
        lane = 'card ' || n.after
    FROM named n WHERE o.kind = 'card' AND o.state = 'waiting' AND o.key = 'card ' || n.before)
SELECT id FROM named;

-- name: instants
-- Future instants become past ones. Except `declared_at`: providers know the incident by that instant.
UPDATE incidents
SET acknowledged_at = CASE WHEN acknowledged_at > %(now)s
        THEN LEAST(acknowledged_at + %(by)s::interval, %(now)s) ELSE acknowledged_at END,
    first_acknowledged_at = CASE WHEN first_acknowledged_at > %(now)s
        THEN LEAST(first_acknowledged_at + %(by)s::interval, %(now)s) ELSE first_acknowledged_at END,
    mitigated_at = CASE WHEN mitigated_at > %(now)s
        THEN LEAST(mitigated_at + %(by)s::interval, %(now)s) ELSE mitigated_at END,
    updated_at = CASE WHEN updated_at > %(now)s THEN LEAST(updated_at + %(by)s::interval, %(now)s) ELSE updated_at END
WHERE acknowledged_at > %(now)s OR first_acknowledged_at > %(now)s OR mitigated_at > %(now)s OR updated_at > %(now)s;

-- name: ladders
-- A step further ahead than its own wait, or than the snooze that holds it, was planned by a clock that was ahead. If
-- known, `by` tells how much of the wait is left; it never exceeds the whole wait.
UPDATE escalations e
SET next_at = CASE WHEN e.next_at > own.latest
        THEN GREATEST(%(now)s, LEAST(e.next_at + %(by)s::interval, own.latest)) ELSE e.next_at END,
    again_at = CASE WHEN e.again_at > own.again_latest
        THEN GREATEST(%(now)s, LEAST(e.again_at + %(by)s::interval, own.again_latest)) ELSE e.again_at END,
    snoozed_until = CASE WHEN e.snoozed_until > own.snooze_ends
        THEN GREATEST(%(now)s, LEAST(e.snoozed_until + %(by)s::interval, own.snooze_ends)) ELSE e.snoozed_until END,
    snoozed_at = CASE WHEN e.snoozed_at > %(now)s THEN %(now)s ELSE e.snoozed_at END,
    reach_by = CASE WHEN e.reach_by > %(now)s::timestamptz + %(reach_within)s::interval
        THEN %(now)s::timestamptz + %(reach_within)s::interval ELSE e.reach_by END,
    planned_at = CASE WHEN e.planned_at > %(now)s THEN %(now)s ELSE e.planned_at END,
    last_step_at = CASE WHEN e.last_step_at > %(now)s THEN %(now)s ELSE e.last_step_at END,
    last_called_at = CASE WHEN e.last_called_at > %(now)s THEN %(now)s ELSE e.last_called_at END
FROM (
    SELECT w.incident_id, w.snooze_ends, GREATEST(w.step_ends, w.snooze_ends) AS latest,
        GREATEST(w.round_ends, w.snooze_ends) AS again_latest
    FROM (
        -- With working hours the length of a wait comes from the calendar: keep the length it had when it was planned.
        SELECT incident_id,
            CASE WHEN planned_at IS NOT NULL THEN next_at - GREATEST(planned_at - %(now)s::timestamptz, interval '0')
            ELSE %(now)s::timestamptz + make_interval(secs => (policy->'steps'->(
                CASE WHEN step > 0 THEN step ELSE jsonb_array_length(policy->'steps') END - 1)->>'wait_s')::float8) END
            AS step_ends,
            CASE WHEN planned_at IS NOT NULL THEN again_at - GREATEST(planned_at - %(now)s::timestamptz, interval '0')
            ELSE %(now)s::timestamptz + make_interval(secs => (policy->'steps'->(
                CASE WHEN step > 0 THEN step ELSE jsonb_array_length(policy->'steps') END - 1)->>'again_s')::float8) END
            AS round_ends,
            CASE WHEN snoozed_at > %(now)s THEN %(now)s + (snoozed_until - snoozed_at) ELSE snoozed_until END
            AS snooze_ends
        FROM escalations) w) own
WHERE e.incident_id = own.incident_id
  AND (e.next_at > own.latest OR e.again_at > own.again_latest OR e.reach_by > %(now)s::timestamptz + %(reach_within)s::interval
    OR e.planned_at > %(now)s OR e.snoozed_at > %(now)s OR e.last_step_at > %(now)s OR e.last_called_at > %(now)s);

-- name: pages
-- The wait for an acceptance counts from these.
UPDATE pages
SET first_attempt_at = LEAST(first_attempt_at, %(now)s),
    unconfirmed_at = CASE WHEN unconfirmed_at > %(now)s THEN %(now)s ELSE unconfirmed_at END
WHERE state = 'waiting' AND (first_attempt_at > %(now)s OR unconfirmed_at > %(now)s);

-- name: later_pages
-- Pages planned in the future for later: what is left of their wait, at most all of it.
WITH moved AS (
    UPDATE pages SET planned_at = %(now)s, due_at = GREATEST(%(now)s,
        LEAST(due_at + %(by)s::interval, due_at - (planned_at - %(now)s::timestamptz)))
    WHERE state = 'waiting' AND first_attempt_at IS NULL AND planned_at > %(now)s
    RETURNING id, due_at)
UPDATE outbox o SET due_at = moved.due_at, created_at = moved.due_at
FROM moved WHERE o.kind = 'page' AND o.state = 'waiting' AND o.payload = jsonb_build_object('page', moved.id);

-- name: outbox
-- A lease, the longest back-off, or the last look at what Slack may have done late; except a page not tried yet, which
-- may be planned for later.
UPDATE outbox o SET due_at = own.latest
FROM (
    SELECT id, %(now)s::timestamptz + CASE
        WHEN state = 'sending' THEN %(lease)s::interval
        WHEN kind IN ('second_look', 'page_look') THEN %(last_look)s::interval
        ELSE %(longest_backoff)s::interval END AS latest
    FROM outbox WHERE state IN ('waiting', 'sending')) own
WHERE o.id = own.id AND o.due_at > own.latest
  AND NOT (kind = 'page' AND state = 'waiting' AND attempts = 0 AND EXISTS (
      SELECT FROM pages p
      WHERE p.id = (o.payload->>'page')::bigint AND p.planned_at IS NOT NULL AND p.due_at = o.due_at));

-- name: limits
UPDATE limited_ways SET again_at = LEAST(again_at, %(now)s::timestamptz + %(longest_limit)s::interval),
    ends_at = %(now)s::timestamptz + %(longest_limit)s::interval + %(limit_remembered)s::interval
WHERE ends_at > %(now)s::timestamptz + %(longest_limit)s::interval + %(limit_remembered)s::interval;

-- name: requests
UPDATE requests SET due_at = %(now)s::timestamptz + %(longest_backoff)s::interval
WHERE due_at > %(now)s::timestamptz + %(longest_backoff)s::interval;

-- name: deadlines
-- A deadline counted from the future starts now.
UPDATE deadlines SET since = %(now)s, due_at = due_at - (since - %(now)s::timestamptz),
    by = by - (since - %(now)s::timestamptz), warned_at = warned_at - (since - %(now)s::timestamptz)
WHERE due_at IS NOT NULL AND since > %(now)s;

-- name: procedures
-- A run last changed in the future was changed now; its proofs are checked now.
UPDATE procedure_runs SET changed_at = LEAST(changed_at, %(now)s), due_at = %(now)s
WHERE due_at IS NOT NULL AND changed_at > %(now)s;

-- name: occurrences
-- Open occurrences are looked at once a day.
UPDATE occurrences SET look_at = %(now)s::timestamptz + interval '24 h'
WHERE look_at > %(now)s::timestamptz + interval '25 h';

-- name: nudges
-- Set in the future: due that much sooner.
UPDATE nudges SET set_at = %(now)s, due_at = due_at - (set_at - %(now)s::timestamptz) WHERE set_at > %(now)s;

-- name: room_archives
UPDATE room_archives SET set_at = %(now)s, due_at = due_at - (set_at - %(now)s::timestamptz) WHERE set_at > %(now)s;

-- name: watches
-- A watch started in the future keeps its length. The end it watches stays.
UPDATE watches SET set_at = %(now)s, due_at = due_at - (set_at - %(now)s::timestamptz) WHERE set_at > %(now)s;

-- name: injects
UPDATE injects SET set_at = %(now)s, due_at = due_at - (set_at - %(now)s::timestamptz)
WHERE due_at IS NOT NULL AND set_at > %(now)s;

-- name: breaches
-- A breach detected in the future was detected now. A reminder given too early is given again: the next look decides.
UPDATE breaches SET detected_at = LEAST(detected_at, %(now)s), set_at = %(now)s,
    reminded_left = CASE WHEN LEAST(detected_at, %(now)s) + interval '72 h' - reminded_left <= %(now)s THEN reminded_left END,
    due_at = CASE WHEN due_at IS NOT NULL THEN %(now)s::timestamptz END
WHERE set_at > %(now)s;

-- name: tasks
-- A task set in the future keeps the length of its wait. One that was due by then had its time from before.
UPDATE tasks SET set_at = %(now)s,
    due_at = CASE WHEN due_at > set_at THEN due_at - (set_at - %(now)s::timestamptz) ELSE due_at END,
    ask_at = ask_at - (set_at - %(now)s::timestamptz)
WHERE ask_at IS NOT NULL AND set_at > %(now)s;

-- name: checklists
UPDATE checklist_items SET set_at = %(now)s,
    due_at = CASE WHEN due_at > set_at THEN due_at - (set_at - %(now)s::timestamptz) ELSE due_at END,
    ask_at = ask_at - (set_at - %(now)s::timestamptz)
WHERE ask_at IS NOT NULL AND set_at > %(now)s;

-- name: recurring
-- The next look finds the next day by the calendar.
UPDATE recurring_tasks SET set_at = %(now)s, due_at = %(now)s WHERE set_at > %(now)s;

-- name: postmortems
-- Set in the future: due that much sooner.
UPDATE postmortems SET set_at = %(now)s, due_at = due_at - (set_at - %(now)s::timestamptz) WHERE set_at > %(now)s;

-- name: actions
UPDATE actions SET set_at = %(now)s, due_at = due_at - (set_at - %(now)s::timestamptz) WHERE set_at > %(now)s;

-- name: action_lists
UPDATE action_lists SET set_at = %(now)s, due_at = due_at - (set_at - %(now)s::timestamptz) WHERE set_at > %(now)s;

-- name: reminders
-- An update told in the future keeps the length of its promised wait, and a reminder decided in the future, such as by a
-- snooze, that of its own. What was told before keeps its promised time, and is due no earlier.
UPDATE update_reminders r SET set_at = %(now)s,
    told_at = CASE WHEN r.told_at > %(now)s THEN r.told_at - own.ahead ELSE r.told_at END,
    promised_at = CASE WHEN r.told_at > %(now)s THEN r.promised_at - own.ahead ELSE r.promised_at END,
    due_at = CASE WHEN r.told_at <= %(now)s AND r.due_at = r.promised_at THEN r.due_at ELSE r.due_at - own.ahead END
FROM (
    SELECT incident_id, audience, coalesce(set_at, told_at) - %(now)s::timestamptz AS ahead FROM update_reminders) own
WHERE r.incident_id = own.incident_id AND r.audience = own.audience AND own.ahead > interval '0';

-- name: silences
-- A silence starting in the future starts now and keeps its length. Its cards show the new end. Locks silences before
-- groups, as ending one does.
WITH shifted AS (
    UPDATE silences SET starts_at = %(now)s, ends_at = ends_at - (starts_at - %(now)s::timestamptz)
    WHERE ended_at IS NULL AND starts_at > %(now)s RETURNING id, ends_at)
UPDATE alert_groups g SET silenced_until = s.ends_at, due_at = %(now)s
FROM shifted s WHERE g.silence_id = s.id AND g.closed_at IS NULL AND g.silenced_until IS NOT NULL;

-- name: alerts
UPDATE alert_groups
SET page_at = GREATEST(%(now)s::timestamptz + %(page_after)s::interval, silenced_until),
    due_at = LEAST(due_at, GREATEST(%(now)s::timestamptz + %(page_after)s::interval, silenced_until))
WHERE closed_at IS NULL AND page_at > GREATEST(%(now)s::timestamptz + %(page_after)s::interval, silenced_until);

-- name: rests
UPDATE alert_groups SET rests_until = NULL, due_at = %(now)s WHERE closed_at IS NULL AND rests_until > %(now)s;

-- name: answers
-- Acknowledgements, and history told, in the future: they cover what fired by then, not what fires from now on.
UPDATE alert_groups
SET acknowledged_at = CASE WHEN acknowledged_at > %(now)s THEN LEAST(acknowledged_at + %(by)s::interval, %(now)s)
        ELSE acknowledged_at END,
    history_at = CASE WHEN history_at > %(now)s THEN LEAST(history_at + %(by)s::interval, %(now)s) ELSE history_at END,
    due_at = %(now)s
WHERE closed_at IS NULL AND (acknowledged_at > %(now)s OR history_at > %(now)s);

-- name: firing
-- Keeps the order in which alerts rose, so that what was acknowledged stays so.
UPDATE alerts
SET first_at = CASE WHEN first_at > %(now)s THEN LEAST(first_at + %(by)s::interval, %(now)s) ELSE first_at END,
    risen_at = CASE WHEN risen_at > %(now)s THEN LEAST(risen_at + %(by)s::interval, %(now)s) ELSE risen_at END,
    last_at = CASE WHEN last_at > %(now)s THEN LEAST(last_at + %(by)s::interval, %(now)s) ELSE last_at END,
    expires_at = expires_at - (last_at - LEAST(last_at + %(by)s::interval, %(now)s))
WHERE resolved_at IS NULL AND last_at > %(now)s;

-- name: groups
-- The next look decides what is due, such as the end of an alert that is no longer heard of.
UPDATE alert_groups SET due_at = %(now)s
WHERE %(by)s::interval < interval '0' AND closed_at IS NULL AND due_at > %(now)s;

-- name: disputes
UPDATE alert_disputes SET due_at = %(now)s::timestamptz + %(contradicted_for)s::interval
WHERE due_at > %(now)s::timestamptz + %(contradicted_for)s::interval;

-- name: inactivity
-- The next look decides how long it has been quiet.
UPDATE inactivity SET due_at = %(now)s, asked_at = LEAST(asked_at, %(now)s)
WHERE %(by)s::interval < interval '0' AND due_at > %(now)s;

-- name: maintenance
-- The owner keeps the full time to answer.
UPDATE maintenance SET asked_at = %(now)s, due_at = due_at - (asked_at - %(now)s::timestamptz)
WHERE state = 'under_way' AND asked_at > %(now)s AND due_at IS NOT NULL;

-- name: heartbeats
UPDATE heartbeats
SET due_at = %(now)s::timestamptz + patience, last_at = LEAST(last_at, %(now)s),
    watched_since = LEAST(watched_since, %(now)s)
WHERE due_at > %(now)s::timestamptz + patience;

-- name: checks
-- A check stores what a look finds only if no later look is known.
UPDATE checks SET due_at = %(now)s, looked_at = %(now)s, since = LEAST(since, %(now)s) WHERE looked_at > %(now)s;

-- name: handovers
-- The next look decides who is on call and when that changes.
UPDATE handovers SET due_at = %(now)s WHERE %(by)s::interval < interval '0' AND due_at > %(now)s;

-- name: nights
-- The next morning is at most a day away, plus an hour for a night in autumn; what a clock that was ahead has looked at
-- doesn't cover later nights.
UPDATE night_looks
SET due_at = CASE WHEN due_at > %(now)s::timestamptz + interval '25 h'
        THEN due_at - make_interval(days => ceil(extract(epoch FROM due_at - %(now)s::timestamptz) / 86400)::int - 1)
        ELSE due_at END,
    looked_until = LEAST(looked_until, %(now)s::timestamptz + interval '25 h')
WHERE GREATEST(due_at, looked_until) > %(now)s::timestamptz + interval '25 h';

-- name: backup_objectives
-- The next look decides when it is missed.
UPDATE backup_objectives SET since = LEAST(since, %(now)s), due_at = %(now)s
WHERE %(by)s::interval < interval '0' AND due_at > %(now)s;

-- name: backup_reports
-- Reports come once a week.
UPDATE backup_reports SET since = LEAST(since, %(now)s),
    due_at = due_at - make_interval(weeks => ceil(extract(epoch FROM due_at - %(now)s::timestamptz) / 604800)::int - 1)
WHERE due_at > %(now)s::timestamptz + interval '7 d 1 h';

-- name: drill_sweeps
UPDATE backup_drills SET sweep_at = %(now)s WHERE %(by)s::interval < interval '0' AND sweep_at > %(now)s;

-- name: restore_sweeps
UPDATE backup_restores SET sweep_at = %(now)s WHERE %(by)s::interval < interval '0' AND sweep_at > %(now)s;

-- name: approvals
-- Approvers keep the full time to answer.
UPDATE backup_restores SET asked_at = %(now)s, expires_at = expires_at - (asked_at - %(now)s::timestamptz)
WHERE state = 'waiting' AND asked_at > %(now)s;

-- name: backups
-- A future heartbeat would keep a dead run alive.
UPDATE backups SET heard_at = %(now)s WHERE state = 'running' AND heard_at > %(now)s;

-- name: drills
UPDATE backup_drills SET heard_at = %(now)s WHERE state = 'running' AND heard_at > %(now)s;

-- name: restores
UPDATE backup_restores SET heard_at = %(now)s WHERE state = 'running' AND heard_at > %(now)s;
