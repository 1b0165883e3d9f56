-- A request under whose work processes end again and again must not end them all.
ALTER TABLE requests ADD COLUMN deaths int NOT NULL DEFAULT 0;   -- how many died, or stood still, while they had it in hand
ALTER TABLE requests ADD COLUMN set_aside_at timestamptz;        -- null = not; else an operator is shown it
-- What has been set aside?
CREATE INDEX requests_set_aside ON requests (set_aside_at) WHERE set_aside_at IS NOT NULL;
