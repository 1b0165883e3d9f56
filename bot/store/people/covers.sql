-- name: insert
INSERT INTO covers (schedule, person, begins_at, ends_at, made_by, made_at)
VALUES (%(schedule)s, %(person)s, %(begins)s, %(ends)s, %(made_by)s, %(now)s)
RETURNING id, schedule, person, begins_at AS begins, ends_at AS ends, made_by;

-- name: ending_after
SELECT id, schedule, person, begins_at AS begins, ends_at AS ends, made_by FROM covers
WHERE ends_at > %(since)s AND ends_at > begins_at ORDER BY id;

-- name: end
-- One that has not begun ends at its beginning.
UPDATE covers c SET ends_at = GREATEST(c.begins_at, %(now)s), ended_by = %(ended_by)s
FROM (SELECT id, ends_at FROM covers
      WHERE id = ANY(%(ids)s) AND ends_at > %(now)s AND ends_at > begins_at FOR UPDATE) before
WHERE c.id = before.id
RETURNING c.id, c.schedule, c.person, c.begins_at AS begins, before.ends_at AS ends, c.made_by;
