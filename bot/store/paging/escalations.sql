-- name: arm
-- The first run of an incident's ladder.
INSERT INTO escalations (incident_id, policy, state, next_at, planned_at)
VALUES (%(incident_id)s, %(policy)s, 'climbing', %(next_at)s, %(planned_at)s);

-- name: get
SELECT * FROM escalations WHERE incident_id = %(incident_id)s;

-- name: lock
-- Waits for a step in progress, so that the later transaction sees its result.
SELECT * FROM escalations WHERE incident_id = %(incident_id)s FOR UPDATE;

-- name: claim_due
-- Skips those another process works on; the rest stay locked until this transaction ends.
SELECT * FROM escalations
WHERE due_at <= %(now)s AND agrees(%(believed)s) ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: save
UPDATE escalations e
SET run = given.run, policy = given.policy, state = given.state, loop = given.loop, step = given.step, next_at = given.next_at,
    reach_by = given.reach_by, last_tier = given.last_tier, last_step_at = given.last_step_at,
    last_called_by = given.last_called_by, last_called_at = given.last_called_at, calls = given.calls,
    snoozed_until = given.snoozed_until, snoozed_at = given.snoozed_at, snoozed_through = given.snoozed_through,
    planned_at = given.planned_at, round = given.round, again_at = given.again_at
FROM jsonb_populate_recordset(NULL::escalations, %(rows)s) AS given
WHERE e.incident_id = given.incident_id;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE escalations
SET next_at = CASE WHEN next_at <= %(now)s THEN %(until)s ELSE next_at END,
    again_at = CASE WHEN again_at <= %(now)s THEN %(until)s ELSE again_at END,
    reach_by = CASE WHEN reach_by <= %(now)s THEN %(until)s ELSE reach_by END
WHERE incident_id = %(incident_id)s;

-- name: next_due
SELECT min(due_at) AS due_at FROM escalations WHERE due_at IS NOT NULL;

-- name: next_look
-- Polls again for rows that are due but held by others, unless something becomes due sooner.
SELECT LEAST(
    (SELECT min(due_at) FROM escalations WHERE due_at > %(now)s),
    CASE WHEN EXISTS (SELECT FROM escalations WHERE due_at <= %(now)s) THEN %(again_at)s::timestamptz END) AS due_at;

-- name: armed
-- How many ladders are running.
SELECT count(*) AS armed FROM escalations WHERE due_at IS NOT NULL;

-- name: look_again
-- Somebody counted as reached was not: judge the last step again, unless the ladder has stopped.
UPDATE escalations SET reach_by = LEAST(coalesce(reach_by, %(now)s), %(now)s)
WHERE incident_id = %(incident_id)s AND state IN ('climbing', 'exhausted');

-- name: look_now
-- A provider answered: judge at once whether the last step reached anybody. When no other page of this run is open or
-- failed, everybody was reached and no check is needed. Locks the row in any case. A page that the provider accepted
-- and reported as lost before we recorded the acceptance stays lost.
UPDATE escalations e
SET reach_by = CASE WHEN EXISTS (
    SELECT FROM pages p
    WHERE p.incident_id = e.incident_id AND p.run = e.run AND p.state NOT IN ('accepted', 'delivered')
      AND (p.id <> ALL(%(accepted)s::bigint[]) OR p.state IN ('refused', 'gave_up')))
    THEN LEAST(e.reach_by, %(now)s) END
WHERE e.incident_id = ANY(%(incident_ids)s::bigint[]) AND e.reach_by IS NOT NULL;
