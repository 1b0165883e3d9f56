-- name: insert
-- No row when this person was already paged by this way in this round of the step. Pages whose creator sends them at
-- `attempted_at` are inserted with that attempt counted. Held ones start their wait for an acceptance now too, as if
-- they had been tried.
INSERT INTO pages (incident_id, run, loop, step, round, tier, person, via, contact, reason, late, due_at, planned_at,
    attempts, first_attempt_at, error)
SELECT incident_id, run, loop, step, round, tier, person, via, contact, reason, late, due_at, planned_at,
    CASE WHEN %(attempted_at)s::timestamptz IS NULL OR error IS NOT NULL THEN 0 ELSE 1 END, %(attempted_at)s, error
FROM jsonb_populate_recordset(NULL::pages, %(rows)s) AS given
ON CONFLICT (incident_id, run, loop, step, round, person, via) DO NOTHING
RETURNING *;

-- name: get
SELECT * FROM pages WHERE id = %(id)s;

-- name: get_all
SELECT * FROM pages WHERE id = ANY(%(ids)s);

-- name: of_incident
SELECT * FROM pages WHERE incident_id = %(incident_id)s ORDER BY id;

-- name: of_incidents
SELECT * FROM pages WHERE incident_id = ANY(%(ids)s) ORDER BY id;

-- name: attempted
-- No row when the page was cancelled meanwhile or its delivery is no longer ours: then it must not be sent. A page held
-- by a snooze is not late.
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS given (page bigint, delivery bigint, fence bigint)),
held AS (SELECT id, incident_id FROM pages WHERE id IN (SELECT page FROM given) ORDER BY id FOR NO KEY UPDATE)
UPDATE pages p SET attempts = p.attempts + 1, first_attempt_at = coalesce(p.first_attempt_at, %(now)s),
    late = p.late OR (p.due_at < %(late_before)s AND e.snoozed_until IS NULL), unsure = p.unsure OR o.unsure
FROM held JOIN given ON given.page = held.id
JOIN outbox o ON o.id = given.delivery AND o.fence = given.fence
LEFT JOIN escalations e ON e.incident_id = held.incident_id
    AND e.snoozed_until > %(now)s AND e.snoozed_through >= held.id
WHERE p.id = held.id AND p.state = 'waiting' AND o.state = 'sending'
RETURNING p.*, e.snoozed_until;

-- name: wanted
-- The last look: is it waiting, is its delivery still ours, and until when does a snooze hold it?
SELECT p.id, p.state = 'waiting' AS waits, o.state = 'sending' AND o.fence = given.fence AS is_ours,
    (SELECT e.snoozed_until FROM escalations e WHERE e.incident_id = p.incident_id
        AND e.snoozed_until > %(now)s AND e.snoozed_through >= p.id) AS snoozed_until
FROM jsonb_to_recordset(%(rows)s) AS given (page bigint, delivery bigint, fence bigint)
JOIN pages p ON p.id = given.page
JOIN outbox o ON o.id = given.delivery;

-- name: on_their_way
-- What a provider may be receiving now, or may have received.
SELECT p.* FROM pages p
WHERE p.incident_id = %(incident_id)s AND p.state = 'waiting' AND p.first_attempt_at IS NOT NULL AND (p.unsure OR EXISTS (
    SELECT FROM outbox o WHERE o.kind = 'page' AND o.payload = jsonb_build_object('page', p.id)
        AND o.state IN ('waiting', 'sending') AND (o.state = 'sending' OR o.unsure)))
ORDER BY p.id;

-- name: note_late
UPDATE pages SET late = true WHERE id = %(id)s;

-- name: settle
-- No row for a page settled before. An acceptance recorded late overrides another process's refusal, but not what the
-- provider has reported since.
WITH given AS (SELECT * FROM jsonb_populate_recordset(NULL::pages, %(rows)s)),
held AS (SELECT id FROM pages WHERE id IN (SELECT id FROM given) ORDER BY id FOR NO KEY UPDATE)
UPDATE pages p
SET state = given.state, error = given.error, reference = coalesce(given.reference, p.reference),
    unsure = p.unsure OR given.unsure,
    accepted_at = CASE WHEN given.state = 'accepted' THEN %(now)s ELSE p.accepted_at END
FROM held JOIN given ON given.id = held.id
WHERE p.id = held.id AND (p.state IN ('waiting', 'cancelled')
    OR (given.state = 'accepted' AND p.state IN ('refused', 'gave_up') AND p.accepted_at IS NULL
        AND p.reported IS NULL))
RETURNING p.*;

-- name: report
-- What the provider reports later. A reported failure is certain for that page; only if it was sent twice may the other
-- copy have arrived.
UPDATE pages
SET unsure = unsure AND (repeated_at IS NOT NULL OR %(state)s <> 'refused'), reported = %(reported)s, state = %(state)s, error = %(error)s,
    accepted_at = CASE WHEN %(state)s = 'delivered' THEN coalesce(accepted_at, %(now)s) ELSE accepted_at END
WHERE id = %(id)s;

-- name: note_error
-- An attempt held back because of a limit had been counted already.
UPDATE pages SET error = %(error)s, unsure = unsure OR %(unsure)s,
    attempts = GREATEST(attempts - CASE WHEN %(was_tried)s OR state <> 'waiting' THEN 0 ELSE 1 END, 0)
WHERE id = %(id)s;

-- name: hold
-- Nobody sends them for now. Their wait for an acceptance starts all the same, so that the ladder goes on. Pages
-- planned for later wait for their time, not for this.
WITH held AS (
    SELECT id FROM pages
    WHERE id = ANY(%(ids)s) AND state = 'waiting' AND (planned_at IS NULL OR due_at <= %(now)s)
    ORDER BY id FOR NO KEY UPDATE)
UPDATE pages p SET error = %(why)s, first_attempt_at = coalesce(p.first_attempt_at, %(now)s)
FROM held WHERE p.id = held.id
RETURNING p.incident_id;

-- name: untried
-- It had been counted as an attempt, but nothing was sent.
UPDATE pages SET attempts = %(attempts)s, first_attempt_at = NULL, late = false WHERE id = %(id)s AND state = 'waiting';

-- name: not_repeated
-- It had been counted as another attempt, but nothing was sent; whether an earlier one was accepted stays unknown.
UPDATE pages SET attempts = %(attempts)s WHERE id = %(id)s AND state = 'waiting';

-- name: plan_anew
-- Those not tried yet, together with their deliveries.
WITH given AS (SELECT * FROM jsonb_to_recordset(%(rows)s) AS given (id bigint, due_at timestamptz, planned_at timestamptz)),
held AS (
    SELECT p.id FROM pages p JOIN given ON given.id = p.id
    WHERE p.state = 'waiting' AND p.first_attempt_at IS NULL ORDER BY p.id FOR NO KEY UPDATE OF p),
moved AS (
    UPDATE pages p SET due_at = given.due_at, planned_at = given.planned_at
    FROM held JOIN given ON given.id = held.id WHERE p.id = held.id RETURNING p.id, p.due_at)
UPDATE outbox o SET due_at = moved.due_at, created_at = moved.due_at
FROM moved WHERE o.kind = 'page' AND o.state = 'waiting' AND o.payload = jsonb_build_object('page', moved.id)
RETURNING o.id;

-- name: cancel_waiting
-- Cancels what no provider has accepted, as far as we know. A page being sent right now may still be accepted, and one
-- whose sender died may have been, even if nobody has tried since: these become unsure. Locked in order of id, against
-- deadlocks.
WITH held AS (
    SELECT id FROM pages
    WHERE incident_id = %(incident_id)s AND state = 'waiting' AND person = ANY(coalesce(%(people)s::text[], ARRAY[person]))
      AND NOT via = ANY(%(but_by)s::text[])
    ORDER BY id FOR NO KEY UPDATE)
UPDATE pages p SET state = 'cancelled', unsure = p.unsure OR (p.first_attempt_at IS NOT NULL AND EXISTS (
    SELECT FROM outbox o WHERE o.kind = 'page' AND o.payload = jsonb_build_object('page', p.id)
        AND o.state IN ('waiting', 'sending') AND (o.state = 'sending' OR o.unsure)))
FROM held WHERE p.id = held.id AND p.state = 'waiting' RETURNING p.id;

-- name: called_off
-- It was being sent when cancelled, and that has ended. Only if it was sent twice may it have arrived all the same.
UPDATE pages SET unsure = %(unsure)s OR repeated_at IS NOT NULL WHERE id = %(id)s AND state = 'cancelled';

-- name: announce_cancelled
-- In parts, because NOTIFY takes at most 8,000 bytes.
SELECT pg_notify('tocsin', %(word)s || ' ' || string_agg(id::text, ' '))
FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS given (id, number) GROUP BY number / 300;

-- name: counts
-- Failed or cancelled pages that may have been accepted before count as unknown.
SELECT via, CASE WHEN unsure AND state IN ('refused', 'gave_up', 'cancelled') THEN 'unknown' ELSE state END AS state,
    count(*) AS count
FROM pages GROUP BY 1, 2;
