-- name: by_scratch
SELECT * FROM backup_leftovers WHERE scratch = %(scratch)s;

-- name: keep
INSERT INTO backup_leftovers (scratch, name, why, since) VALUES (%(scratch)s, %(name)s, %(why)s, %(now)s)
ON CONFLICT (scratch) DO UPDATE SET why = EXCLUDED.why
RETURNING *;

-- name: tell
UPDATE backup_leftovers SET told_at = %(now)s WHERE scratch = %(scratch)s;

-- name: forget
DELETE FROM backup_leftovers WHERE scratch = %(scratch)s RETURNING *;
