-- What a snooze holds: also pages that are on their way by then.
ALTER TABLE escalations ADD COLUMN snoozed_through bigint;   -- the last page made before it; null = never snoozed, or before this was kept
