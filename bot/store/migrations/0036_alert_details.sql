-- What else a source says of an alert, and what it was told by.
ALTER TABLE alerts ADD COLUMN links jsonb NOT NULL DEFAULT '{}';     -- more addresses of its source, by name
ALTER TABLE alerts ADD COLUMN image text;                            -- of a picture; null = there is none
ALTER TABLE alerts ADD COLUMN measured jsonb NOT NULL DEFAULT '{}';  -- values, by name
-- Of alert_deliveries, as long as it is kept; null = told by this house. No reference: an index would be written anew by
-- each repeat.
ALTER TABLE alerts ADD COLUMN delivery_id bigint;
