-- What is due at one moment stands in one message.
ALTER TABLE occurrences ADD COLUMN card bigint;  -- the first of those in its message; null = it was never posted
UPDATE occurrences SET card = id WHERE posted_at IS NOT NULL;
-- What stands in this message?
CREATE INDEX occurrences_card ON occurrences (card) WHERE card IS NOT NULL;
