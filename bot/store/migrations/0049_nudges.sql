-- What rooms of open incidents are asked for when it is missing; a timer is the row's due time.
CREATE TABLE nudges (
    incident_id bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
    kind text NOT NULL,                      -- lead, word, impact, long, monitoring
    due_at timestamptz NOT NULL,             -- when it is looked at next
    set_at timestamptz NOT NULL,             -- when that was decided
    asked int NOT NULL DEFAULT 0,            -- how often the room was asked
    PRIMARY KEY (incident_id, kind)
);
-- What has to be looked at, and when is the next?
CREATE INDEX nudges_due ON nudges (due_at);
CREATE TRIGGER nudges_bell AFTER INSERT OR UPDATE OF due_at ON nudges
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
