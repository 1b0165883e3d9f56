-- name: watch
INSERT INTO recurring_tasks (key, next_on, due_at, set_at) VALUES (%(key)s, %(next_on)s, %(due_at)s, %(now)s)
ON CONFLICT (key) DO NOTHING;

-- name: forget_others
DELETE FROM recurring_tasks WHERE NOT key = ANY(%(keys)s);

-- name: leave_others
UPDATE occurrences SET look_at = NULL WHERE look_at IS NOT NULL AND NOT task = ANY(%(keys)s);

-- name: claim_due
SELECT key, next_on FROM recurring_tasks WHERE due_at <= %(now)s AND key = ANY(%(keys)s)
ORDER BY due_at, key FOR UPDATE SKIP LOCKED;

-- name: move
UPDATE recurring_tasks SET next_on = %(next_on)s, due_at = %(due_at)s, set_at = %(now)s WHERE key = %(key)s;

-- name: add
INSERT INTO occurrences (task, what, every, due_on, due_at, look_at, posted_at)
VALUES (%(task)s, %(what)s, %(every)s, %(due_on)s, %(due_at)s, %(look_at)s, %(posted_at)s)
ON CONFLICT (task, due_on) DO NOTHING RETURNING id;

-- name: put_on_card
UPDATE occurrences SET card = %(card)s WHERE id = ANY(%(ids)s);

-- name: on_card
SELECT * FROM occurrences WHERE card = %(card)s ORDER BY due_at, id;

-- name: earlier
-- Locked for this transaction.
SELECT * FROM occurrences WHERE task = %(task)s AND due_on < %(before)s AND done_at IS NULL AND missed_at IS NULL
ORDER BY due_at FOR UPDATE;

-- name: provable
-- Locked for this transaction; skips what another process holds.
SELECT * FROM occurrences WHERE task = ANY(%(keys)s) AND done_at IS NULL AND missed_at IS NULL
ORDER BY due_at, id FOR UPDATE SKIP LOCKED;

-- name: hold_rounds
-- An advisory lock, because the search for proofs locks the rows at the same time.
SELECT pg_try_advisory_xact_lock(hashtextextended('contact rounds', 0)) AS is_held;

-- name: rounds
SELECT * FROM occurrences WHERE task = ANY(%(keys)s) AND done_at IS NULL AND missed_at IS NULL ORDER BY due_at, id;

-- name: open
-- Including what the bot has found done since then.
SELECT * FROM occurrences
WHERE task = ANY(%(keys)s) AND (
    done_at IS NULL AND missed_at IS NULL AND look_at IS NOT NULL OR done_by = %(bot)s AND done_at > %(since)s)
ORDER BY done_at IS NOT NULL, due_at, id;

-- name: miss
UPDATE occurrences SET missed_at = %(now)s, look_at = NULL
WHERE task = %(task)s AND due_on < %(before)s AND done_at IS NULL AND missed_at IS NULL
RETURNING id, card;

-- name: claim_overdue
SELECT * FROM occurrences WHERE look_at <= %(now)s ORDER BY due_at, id FOR UPDATE SKIP LOCKED;

-- name: look_again
UPDATE occurrences SET look_at = %(at)s WHERE id = %(id)s;

-- name: by_id
SELECT * FROM occurrences WHERE id = %(id)s;

-- name: by_id_locked
SELECT * FROM occurrences WHERE id = %(id)s FOR UPDATE;

-- name: done
UPDATE occurrences SET done_at = %(now)s, done_by = %(by)s, evidence = %(evidence)s, look_at = NULL WHERE id = %(id)s;

-- name: between
SELECT * FROM occurrences WHERE due_at >= %(begins)s AND due_at < %(ends)s ORDER BY due_at, id;

-- name: next_due
SELECT LEAST((SELECT min(due_at) FROM recurring_tasks WHERE key = ANY(%(keys)s)),
    (SELECT min(look_at) FROM occurrences WHERE look_at IS NOT NULL)) AS due_at;
