-- name: leave
-- Unassigns it: when the previous text was sent, this one was not.
INSERT INTO shift_notes (schedule, note_by, note) VALUES (%(schedule)s, %(by)s, %(note)s)
ON CONFLICT (schedule, note_by) DO UPDATE SET note = %(note)s, delivery = NULL;

-- name: carry
WITH carried AS (
    UPDATE shift_notes SET delivery = %(delivery)s WHERE schedule = %(schedule)s AND note_by <> %(to)s
    RETURNING id, note_by, note
)
SELECT note_by, note FROM carried ORDER BY id;

-- name: forget_carried
DELETE FROM shift_notes WHERE delivery = %(delivery)s;
