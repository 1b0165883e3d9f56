-- A look at a group reads all that fires in it: a large one that was looked at a moment ago waits until then, and all
-- that was told of it meanwhile is looked at once.
ALTER TABLE alert_groups ADD COLUMN rests_until timestamptz;
