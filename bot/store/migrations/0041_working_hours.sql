-- Working hours: promises and waits whose length the calendar decides.
ALTER TABLE deadlines
    ADD COLUMN by timestamptz,
    ADD COLUMN warned_at timestamptz,                       -- when the room is warned
    ADD COLUMN at_work boolean NOT NULL DEFAULT false,      -- `within` is of working hours
    ALTER COLUMN within DROP NOT NULL;                      -- null = the next business day
UPDATE deadlines SET by = since + within, warned_at = since + within * 0.8;
ALTER TABLE deadlines ALTER COLUMN by SET NOT NULL, ALTER COLUMN warned_at SET NOT NULL;

ALTER TABLE escalations ADD COLUMN planned_at timestamptz;  -- when next_at was chosen by the calendar; null = it was not
