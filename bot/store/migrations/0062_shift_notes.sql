-- What is said before a shift, and with it: heads-ups, and the note of whoever goes.

-- Who has been told of a shift that is to come, each once.
CREATE TABLE shift_reminders (
    schedule text NOT NULL,                  -- its key in the runbook
    person text NOT NULL,
    begins_at timestamptz NOT NULL,
    PRIMARY KEY (schedule, person, begins_at)
);

ALTER TABLE handovers
    ADD COLUMN note text,                    -- for whoever has it next; null = none
    ADD COLUMN note_by text;                 -- null = there is no note
