-- When due_at was decided: after somebody has snoozed it, that is later than when the audience was told. Null: then.
ALTER TABLE update_reminders ADD COLUMN set_at timestamptz;
