-- What was promised about time, and what has fallen silent.

-- Until when somebody must have responded to an incident, and until when it must be over; a timer is the row's due_at.
CREATE TABLE deadlines (
    incident_id bigint NOT NULL REFERENCES incidents,
    kind text NOT NULL,                      -- respond, resolve
    severity text NOT NULL,                  -- whose promise it is
    since timestamptz NOT NULL,              -- declared, reopened, or the severity raised
    within interval NOT NULL,                -- as the runbook had it then
    due_at timestamptz,                      -- the warning, then the end of the time; null = decided
    missed_at timestamptz,                   -- null = kept, or not decided
    PRIMARY KEY (incident_id, kind)
);
-- What is due?
CREATE INDEX deadlines_due ON deadlines (due_at) WHERE due_at IS NOT NULL;

-- Incidents whose acknowledgement is withdrawn when nothing more is heard; a timer is the row's due_at.
CREATE TABLE silences (
    incident_id bigint PRIMARY KEY REFERENCES incidents,
    asked_at timestamptz,                    -- when the room was asked; null = it was not, or has answered
    due_at timestamptz NOT NULL
);
-- What is due?
CREATE INDEX silences_due ON silences (due_at);

CREATE TRIGGER deadlines_bell AFTER INSERT OR UPDATE OF due_at ON deadlines
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER silences_bell AFTER INSERT OR UPDATE OF due_at ON silences
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
