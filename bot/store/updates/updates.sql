-- name: insert
INSERT INTO stakeholder_updates
    (incident_id, maintenance_id, audience, moment, status, severity, subject, text, author, author_account, state,
        created_at, written_at, planned_from, planned_until, overruled,
        overruled_for)
VALUES
    (%(incident_id)s, %(maintenance_id)s, %(audience)s, %(moment)s, %(status)s, %(severity)s, %(subject)s, %(text)s,
        %(author)s, %(author_account)s, %(state)s, %(now)s, %(written_at)s, %(planned_from)s, %(planned_until)s,
        %(overruled)s, %(overruled_for)s)
RETURNING *;

-- name: by_id
SELECT * FROM stakeholder_updates WHERE id = %(id)s;

-- name: by_id_locked
-- Locked until the decision about it is committed, so that it is decided once.
SELECT * FROM stakeholder_updates WHERE id = %(id)s FOR UPDATE;

-- name: keep_draft
-- A person's latest draft for an audience replaces the earlier one.
INSERT INTO stakeholder_updates
    (incident_id, audience, moment, status, severity, subject, text, author, author_account, state, created_at)
VALUES
    (%(incident_id)s, %(audience)s, %(moment)s, %(status)s, %(severity)s, %(subject)s, %(text)s, %(author)s,
        %(author_account)s, 'draft', %(now)s)
ON CONFLICT (incident_id, audience, author) WHERE state = 'draft'
DO UPDATE SET subject = EXCLUDED.subject, text = EXCLUDED.text, severity = EXCLUDED.severity,
    moment = EXCLUDED.moment, created_at = EXCLUDED.created_at;

-- name: draft
SELECT * FROM stakeholder_updates
WHERE incident_id = %(incident_id)s AND audience = %(audience)s AND author = %(author)s AND state = 'draft';

-- name: drop_draft
DELETE FROM stakeholder_updates
WHERE incident_id = %(incident_id)s AND audience = %(audience)s AND author = %(author)s AND state = 'draft';

-- name: set_words
UPDATE stakeholder_updates SET subject = %(subject)s, text = %(text)s WHERE id = %(id)s;

-- name: set_state
UPDATE stakeholder_updates SET state = %(state)s, error = %(error)s WHERE id = %(id)s;

-- name: decide
UPDATE stakeholder_updates SET state = %(state)s, decided_by = %(who)s, decided_at = %(now)s WHERE id = %(id)s;

-- name: replace_waiting
-- Older undecided texts for the same audience. A notice is independent of the others: only a newer one of its kind
-- replaces it.
UPDATE stakeholder_updates SET state = 'replaced'
WHERE (incident_id = %(incident_id)s OR maintenance_id = %(maintenance_id)s) AND audience = %(audience)s
  AND state = 'waiting' AND id < %(id)s
  AND (moment = %(moment)s OR NOT (moment = ANY(%(notices)s) OR %(moment)s = ANY(%(notices)s)))
RETURNING id;

-- name: waiting
-- What waits for approval, newest first.
SELECT * FROM stakeholder_updates
WHERE incident_id = %(incident_id)s AND audience = %(audience)s AND state = 'waiting' ORDER BY id DESC LIMIT 1;

-- name: in_hand
SELECT DISTINCT audience FROM stakeholder_updates
WHERE incident_id = %(incident_id)s AND state IN ('composing', 'waiting') ORDER BY audience;

-- name: withdraw
-- They can no longer be approved.
UPDATE stakeholder_updates SET state = 'replaced', error = %(why)s
WHERE incident_id = %(incident_id)s AND audience = %(audience)s AND state = 'waiting'
RETURNING *;

-- name: overtake
-- What is being composed or waits for approval is based on outdated facts.
UPDATE stakeholder_updates SET state = 'replaced', error = %(why)s
WHERE incident_id = %(incident_id)s AND state IN ('composing', 'waiting') AND (%(everybody)s OR author = 'tocsin')
RETURNING *;

-- name: last_told
-- What each audience was last told about the incident's state, and when: counting texts accepted, possibly accepted, or
-- still on their way. Notices say nothing about the state.
SELECT DISTINCT ON (u.audience) u.audience, u.moment, coalesce(u.decided_at, u.created_at) AS at, u.severity,
    d.stopped > 0 AS partly, d.reached > 0 AS reached
FROM stakeholder_updates u CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'cancelled' AND NOT unsure) AS stopped,
        count(*) FILTER (WHERE state = 'accepted' OR unsure) AS reached,
        count(*) FILTER (WHERE state IN ('accepted', 'waiting') OR unsure) AS hopeful
    FROM update_deliveries WHERE update_id = u.id) d
WHERE u.incident_id = %(incident_id)s AND u.state = 'released' AND NOT u.moment = ANY(%(notices)s) AND d.hopeful > 0
ORDER BY u.audience, u.id DESC;

-- name: last_received
-- The latest text that reached each audience, whatever it says.
SELECT DISTINCT ON (audience) * FROM stakeholder_updates u
WHERE incident_id = %(incident_id)s AND state = 'released'
  AND EXISTS (SELECT FROM update_deliveries WHERE update_id = u.id AND (state = 'accepted' OR unsure))
ORDER BY audience, id DESC;

-- name: has_heard
-- Has anything earlier about the same incident or planned work reached this address?
SELECT EXISTS (
    SELECT FROM update_deliveries d JOIN stakeholder_updates t ON t.id = d.update_id, stakeholder_updates own
    WHERE own.id = %(update_id)s AND t.id < own.id AND d.via = %(via)s AND d.address = %(address)s
      AND (t.incident_id = own.incident_id OR t.maintenance_id = own.maintenance_id)
      AND (d.state = 'accepted' OR d.unsure)) AS heard;

-- name: of_planned
SELECT DISTINCT ON (audience) * FROM stakeholder_updates
WHERE maintenance_id = %(maintenance_id)s AND (state <> 'replaced' OR error IS NULL) ORDER BY audience, id DESC;

-- name: told_of_planned
-- The audiences that something about it has reached, or may still reach.
SELECT DISTINCT u.audience FROM stakeholder_updates u JOIN update_deliveries d ON d.update_id = u.id
WHERE u.maintenance_id = %(maintenance_id)s AND u.state = 'released'
  AND (d.state IN ('accepted', 'waiting') OR d.unsure)
ORDER BY u.audience;

-- name: overtake_planned
UPDATE stakeholder_updates SET state = 'replaced', error = %(why)s
WHERE maintenance_id = %(maintenance_id)s AND state IN ('composing', 'waiting')
RETURNING *;

-- name: insert_deliveries
-- One with an error from the start is refused and never sent.
INSERT INTO update_deliveries (update_id, via, address, state, settled_at, error)
SELECT update_id, via, address, CASE WHEN error IS NULL THEN 'waiting' ELSE 'refused' END,
    CASE WHEN error IS NOT NULL THEN %(now)s::timestamptz END, error
FROM jsonb_populate_recordset(NULL::update_deliveries, %(rows)s) WITH ORDINALITY AS given
ORDER BY ordinality
ON CONFLICT DO NOTHING
RETURNING *;

-- name: delivery
SELECT * FROM update_deliveries WHERE id = %(id)s;

-- name: deliveries
SELECT * FROM update_deliveries WHERE update_id = %(update_id)s ORDER BY id;

-- name: is_first_lost
-- Is it the only one of its update and outlet that failed?
SELECT NOT EXISTS (
    SELECT FROM update_deliveries WHERE update_id = %(update_id)s AND via = %(via)s AND id <> %(id)s
      AND state IN ('refused', 'gave_up')) AS first;

-- name: stopped_for
-- Two are enough to know that it was reported already.
SELECT id FROM update_deliveries WHERE update_id = %(update_id)s AND state = 'cancelled' AND error = %(why)s LIMIT 2;

-- name: settle
UPDATE update_deliveries SET state = %(state)s, settled_at = %(now)s, reference = %(reference)s, error = %(error)s
WHERE id = %(id)s;

-- name: mark_unconfirmed
UPDATE update_deliveries SET unsure = true WHERE id = %(id)s RETURNING *;

-- name: note_error
UPDATE update_deliveries SET error = %(error)s WHERE id = %(id)s;

-- name: hold
-- Nobody tries these for now.
WITH held AS (
    SELECT id FROM update_deliveries WHERE id = ANY(%(ids)s) AND state = 'waiting' ORDER BY id FOR NO KEY UPDATE),
shown AS (UPDATE update_deliveries d SET error = %(why)s FROM held WHERE d.id = held.id RETURNING d.update_id)
SELECT * FROM stakeholder_updates WHERE id IN (SELECT update_id FROM shown) ORDER BY id;

-- name: is_followed
-- Is a newer text of the same incident on its way to the same address? Notices are independent: they neither replace
-- others nor are replaced.
SELECT EXISTS (
    SELECT FROM update_deliveries d JOIN stakeholder_updates t ON t.id = d.update_id, stakeholder_updates own
    WHERE own.id = %(update_id)s AND t.audience = own.audience
      AND (t.incident_id = own.incident_id OR t.maintenance_id = own.maintenance_id)
      AND t.id > own.id AND d.via = %(via)s AND d.address = %(address)s AND d.state = 'waiting'
      AND NOT own.moment = ANY(%(notices)s) AND NOT t.moment = ANY(%(notices)s)) AS followed;

-- name: latest_reference
-- The provider's reference of the latest update of this incident that it accepted for this address.
SELECT d.reference FROM update_deliveries d JOIN stakeholder_updates t ON t.id = d.update_id
WHERE (t.incident_id = %(incident_id)s OR t.maintenance_id = %(maintenance_id)s)
  AND t.audience = %(audience)s AND d.via = %(via)s AND d.address = %(address)s
  AND d.reference IS NOT NULL
ORDER BY d.id DESC LIMIT 1;
