-- The next update that was promised: reminded of before, at the time, and once more when it is late.
ALTER TABLE update_reminders
    ADD COLUMN promised_at timestamptz,
    ADD COLUMN stage text NOT NULL DEFAULT 'due';   -- near, due, late, again: what happens at due_at
UPDATE update_reminders SET promised_at = due_at;
ALTER TABLE update_reminders ALTER COLUMN promised_at SET NOT NULL;
