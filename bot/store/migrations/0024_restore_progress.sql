-- How far a restore is.
ALTER TABLE backup_restores ADD bytes_back bigint NOT NULL DEFAULT 0; -- of the backup's own size, brought back so far
