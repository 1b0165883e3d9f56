-- The notes of whoever goes stay until they have been sent: several may wait, and a message of a handover may be overtaken.

-- Notes that nobody has been sent yet, one of each author and schedule.
CREATE TABLE shift_notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schedule text NOT NULL REFERENCES handovers ON DELETE CASCADE,
    note_by text NOT NULL,                   -- who had the schedule
    note text NOT NULL,                      -- for whoever has it next
    delivery bigint,                         -- the message that carries it, as far as one has been tried; null = none
    UNIQUE (schedule, note_by)
);
-- Which notes were in this message?
CREATE INDEX shift_notes_delivery ON shift_notes (delivery);

INSERT INTO shift_notes (schedule, note_by, note)
SELECT schedule, note_by, note FROM handovers WHERE note IS NOT NULL AND note_by IS NOT NULL;

ALTER TABLE handovers DROP COLUMN note, DROP COLUMN note_by;
