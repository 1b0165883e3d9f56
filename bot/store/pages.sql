-- name: insert
-- No row when this person has been paged for this step by this channel already.
INSERT INTO pages (incident_id, run, loop, step, tier, person, via, contact, reason, late, due_at)
VALUES (%(incident_id)s, %(run)s, %(loop)s, %(step)s, %(tier)s, %(person)s, %(via)s, %(contact)s, %(reason)s, %(late)s, %(due_at)s)
ON CONFLICT (incident_id, run, loop, step, person, via) DO NOTHING
RETURNING *;

-- name: get
SELECT * FROM pages WHERE id = %(id)s;

-- name: of_incident
SELECT * FROM pages WHERE incident_id = %(incident_id)s ORDER BY id;

-- name: of_step
SELECT * FROM pages
WHERE incident_id = %(incident_id)s AND run = %(run)s AND loop = %(loop)s AND step = %(step)s ORDER BY id;

-- name: attempted
-- No row when the page was cancelled meanwhile, or its delivery is no longer ours: then it must not be sent.
UPDATE pages SET attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, %(now)s)
WHERE id = %(id)s AND state = 'waiting' AND EXISTS (
    SELECT FROM outbox
    WHERE outbox.id = %(delivery)s AND fence = %(fence)s AND outbox.state = 'sending' AND outbox.due_at > %(now)s)
RETURNING *;

-- name: settle
UPDATE pages
SET state = %(state)s, error = %(error)s, reference = coalesce(%(reference)s, reference),
    accepted_at = CASE WHEN %(state)s = 'accepted' THEN %(now)s ELSE accepted_at END
WHERE id = %(id)s AND state IN ('waiting', 'cancelled');

-- name: report
-- What the provider says of it later, by itself.
UPDATE pages
SET reported = %(reported)s, state = %(state)s, error = %(error)s,
    accepted_at = CASE WHEN %(state)s = 'delivered' THEN coalesce(accepted_at, %(now)s) ELSE accepted_at END
WHERE id = %(id)s;

-- name: note_error
UPDATE pages SET error = %(error)s WHERE id = %(id)s;

-- name: cancel_waiting
-- Whatever no provider has been asked for yet.
UPDATE pages SET state = 'cancelled' WHERE incident_id = %(incident_id)s AND state = 'waiting' RETURNING *;

-- name: counts
SELECT via, state, count(*) AS count FROM pages GROUP BY via, state;
