-- The status page of an audience: written to files now and then, each time with a greater version.
CREATE TABLE status_pages (
    audience text PRIMARY KEY,               -- the runbook's key
    feed text NOT NULL,                      -- the tag URI of its feed; never changed, because readers know it by that
    began_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 0,       -- of the latest edition; no file of an older one is written over a newer
    due_at timestamptz,                      -- when its files are written next; null = it has none
    written_at timestamptz,                  -- when that last succeeded; null = not yet
    error text                               -- why it did not since; null = no trouble
);
-- What is due?
CREATE INDEX status_pages_due ON status_pages (due_at) WHERE due_at IS NOT NULL;
-- What was this audience sent, of whatever incident?
CREATE INDEX stakeholder_updates_sent ON stakeholder_updates (audience, id) WHERE state = 'released';
