-- What a backup has left whose process died is looked at until somebody has, also when that one dies as well.

ALTER TABLE backups ADD COLUMN sweep_at timestamptz;  -- when what it left is to be looked at; null = nothing is, or it was

-- Which lost backups are to be looked at?
CREATE INDEX backups_left ON backups (sweep_at) WHERE sweep_at IS NOT NULL;
