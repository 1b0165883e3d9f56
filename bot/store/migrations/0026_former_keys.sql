-- A key can be rotated: the former one counts beside the new one for a while, so that nothing breaks in between.

ALTER TABLE keys ADD COLUMN former bytea;             -- null: there is none, or it was ended at once
ALTER TABLE keys ADD COLUMN former_until timestamptz; -- the former key counts before this; null: there is none
