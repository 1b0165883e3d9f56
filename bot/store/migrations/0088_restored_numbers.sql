-- Whether the restored data is in place must not depend on what the databases are called by then.

-- The server's own number of the database that was restored into, which a change of its name leaves as it is; null = nothing
-- was about to be swapped.
ALTER TABLE backup_restores ADD COLUMN scratch_number bigint;
