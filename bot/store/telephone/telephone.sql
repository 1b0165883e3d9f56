-- name: stop
INSERT INTO stopped_numbers (phone, stopped_at) VALUES (%(phone)s, %(now)s) ON CONFLICT (phone) DO NOTHING;

-- name: start
DELETE FROM stopped_numbers WHERE phone = %(phone)s;

-- name: has_stopped
SELECT EXISTS (SELECT FROM stopped_numbers WHERE phone = %(phone)s) AS stopped;

-- name: stopped
SELECT phone FROM stopped_numbers ORDER BY phone;

-- name: pages_to
-- Pages that may have reached this number, the latest sent first: a page by a delayed way may leave after newer ones.
-- Those that failed are left out, as nobody can be answering them.
SELECT * FROM pages p
WHERE contact = %(phone)s AND via IN ('sms', 'voice') AND attempts > 0
  AND (state IN ('accepted', 'delivered') OR (unsure AND state <> 'refused') OR (state = 'waiting' AND EXISTS (
      SELECT FROM outbox o WHERE o.kind = 'page' AND o.state = 'sending' AND o.payload = jsonb_build_object('page', p.id))))
ORDER BY first_attempt_at DESC, id DESC LIMIT %(limit)s;

-- name: is_referred_to
-- Does this text or call belong to another page?
SELECT EXISTS (
    SELECT FROM pages WHERE reference = %(reference)s AND via IN ('sms', 'voice') AND id <> %(but)s) AS referred_to;
