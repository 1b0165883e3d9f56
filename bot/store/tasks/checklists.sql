-- name: begin
INSERT INTO checklists (incident_id, name, begun_at, posted_at)
VALUES (%(incident_id)s, %(name)s, %(now)s, %(posted_at)s)
ON CONFLICT (incident_id, name) WHERE closed_at IS NULL DO NOTHING
RETURNING *;

-- name: add
INSERT INTO checklist_items SELECT * FROM jsonb_populate_recordset(NULL::checklist_items, %(rows)s);

-- name: by_id
SELECT * FROM checklists WHERE id = %(id)s;

-- name: of_incident
SELECT * FROM checklists WHERE incident_id = %(incident_id)s AND closed_at IS NULL ORDER BY id;

-- name: closed
SELECT * FROM checklists WHERE incident_id = %(incident_id)s AND closed_at IS NOT NULL ORDER BY id;

-- name: items
SELECT place, what, due_at, ask_at, set_at, asked, done_at, done_by FROM checklist_items
WHERE checklist_id = %(checklist_id)s ORDER BY place;

-- name: save
UPDATE checklists
SET posted_at = %(posted_at)s, closed_at = %(closed_at)s, waived_at = %(waived_at)s, waived_by = %(waived_by)s,
    waived_why = %(waived_why)s
WHERE id = %(id)s;

-- name: save_item
UPDATE checklist_items
SET what = %(what)s, due_at = %(due_at)s, ask_at = %(ask_at)s, set_at = %(set_at)s, asked = %(asked)s,
    done_at = %(done_at)s, done_by = %(done_by)s
WHERE checklist_id = %(checklist_id)s AND place = %(place)s;

-- name: due
SELECT incident_id FROM checklist_items WHERE ask_at <= %(now)s
GROUP BY incident_id ORDER BY min(ask_at) LIMIT %(limit)s;

-- name: push_ahead
-- A row that keeps failing must not block the others.
UPDATE checklist_items SET ask_at = %(until)s WHERE incident_id = %(incident_id)s AND ask_at <= %(now)s;

-- name: next_due
SELECT min(ask_at) AS due_at FROM checklist_items;
