-- Backups that lay at their place already when this database was new.

ALTER TABLE backups
    ADD adopted_at timestamptz;              -- when it was found and taken over; null = it was made from this database
