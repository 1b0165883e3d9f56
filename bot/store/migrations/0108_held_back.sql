-- Whether it was held back the last time, since others waited for the same.
ALTER TABLE outbox ADD COLUMN was_held boolean NOT NULL DEFAULT false;
