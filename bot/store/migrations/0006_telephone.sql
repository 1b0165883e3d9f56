-- What comes back by telephone.

-- What the provider has reported of a page since it took it, in its own word.
ALTER TABLE pages ADD COLUMN reported text;  -- null = nothing yet
-- Which pages went to this number?
CREATE INDEX pages_by_telephone ON pages (contact, id) WHERE via IN ('sms', 'voice');
-- Is this text or call one of ours?
CREATE INDEX pages_reference ON pages (reference) WHERE via IN ('sms', 'voice') AND reference IS NOT NULL;

-- Who has answered STOP: no text goes there until they answer START.
CREATE TABLE stopped_numbers (
    phone text PRIMARY KEY,
    stopped_at timestamptz NOT NULL
);
