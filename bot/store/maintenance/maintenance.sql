-- name: insert
INSERT INTO maintenance
    (what, starts_at, ends_at, notice, audiences, matches, shown, author, author_account, components, created_at,
        due_at)
VALUES
    (%(what)s, %(starts_at)s, %(ends_at)s, %(notice)s, %(audiences)s, %(matches)s, %(shown)s, %(author)s,
        %(author_account)s, %(components)s, %(now)s, %(now)s)
RETURNING *;

-- name: by_id
SELECT * FROM maintenance WHERE id = %(id)s;

-- name: by_ids
SELECT * FROM maintenance WHERE id = ANY(%(ids)s) ORDER BY id;

-- name: by_id_locked
SELECT * FROM maintenance WHERE id = %(id)s FOR NO KEY UPDATE;

-- name: save
UPDATE maintenance
SET starts_at = %(starts_at)s, ends_at = %(ends_at)s, state = %(state)s, silence_id = %(silence_id)s,
    announced_at = %(announced_at)s, began_at = %(began_at)s, asked_at = %(asked_at)s, late_at = %(late_at)s,
    ended_at = %(ended_at)s, ended_by = %(ended_by)s, reason = %(reason)s, due_at = %(due_at)s
WHERE id = %(id)s;

-- name: due
SELECT id FROM maintenance WHERE due_at <= %(now)s ORDER BY due_at, id LIMIT %(limit)s;

-- name: push_ahead
-- One that keeps failing must not block the others.
UPDATE maintenance SET due_at = %(until)s WHERE id = %(id)s;

-- name: count
SELECT count(*) AS windows FROM maintenance;

-- name: next_due
SELECT min(due_at) AS due_at FROM maintenance;

-- name: open
-- Work under way first, then what comes next.
SELECT * FROM maintenance WHERE state IN ('planned', 'under_way') ORDER BY starts_at, id LIMIT %(limit)s;

-- name: newest
SELECT * FROM maintenance ORDER BY id DESC LIMIT %(limit)s;

-- name: write
INSERT INTO maintenance_entries (maintenance_id, at, actor, text, key)
VALUES (%(maintenance_id)s, %(at)s, %(actor)s, %(text)s, %(key)s)
ON CONFLICT DO NOTHING;

-- name: entries
SELECT at, actor, text FROM maintenance_entries WHERE maintenance_id = %(id)s ORDER BY at, id;
