-- Up to when nights have been looked back at: a clock that is set back, or a process that begins by an older time, tells
-- none of them again. Null: nothing has been looked at since this column is there.
ALTER TABLE night_looks ADD COLUMN looked_until timestamptz;
