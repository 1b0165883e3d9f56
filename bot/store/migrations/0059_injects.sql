-- What the people in a drill are told by its scenario, each at its time; a timer is the row's due time.
CREATE TABLE injects (
    incident_id bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
    number int NOT NULL,                     -- in the order of their times, from 1
    kind text NOT NULL,
    text text NOT NULL,
    set_at timestamptz NOT NULL,             -- when the drill began
    due_at timestamptz,                      -- null = it came, or the drill ended before it
    came_at timestamptz,                     -- null = it has not come
    PRIMARY KEY (incident_id, number)
);
-- What is due, and when is the next?
CREATE INDEX injects_due ON injects (due_at) WHERE due_at IS NOT NULL;
CREATE TRIGGER injects_bell AFTER INSERT OR UPDATE OF due_at ON injects
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
