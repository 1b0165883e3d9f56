-- From when on it is counted for how long something has been tried. Null: since it was put in.
ALTER TABLE outbox ADD COLUMN tried_since timestamptz;
