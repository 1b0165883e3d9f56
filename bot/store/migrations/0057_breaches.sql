-- Data breaches: the authority has to hear of one within 72 hours. A timer is the row's due time.
CREATE TABLE breaches (
    incident_id bigint PRIMARY KEY REFERENCES incidents ON DELETE CASCADE,
    detected_at timestamptz NOT NULL,        -- the 72 hours count from here
    begun_by text NOT NULL,                  -- who said that it is one
    set_at timestamptz NOT NULL,             -- when detected_at was said
    reminded_left interval,                  -- the least time left that was reminded of; null = none yet
    due_at timestamptz,                      -- the next reminder; null = there is none any more
    notified_at timestamptz,                 -- when the authority was notified; null = it was not
    notified_by text,                        -- who has written that down
    notified text                            -- which authority, and under which reference, as they wrote it
);
-- What is due, and when is the next?
CREATE INDEX breaches_due ON breaches (due_at) WHERE due_at IS NOT NULL;
CREATE TRIGGER breaches_bell AFTER INSERT OR UPDATE OF due_at ON breaches
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
