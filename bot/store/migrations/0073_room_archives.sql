-- The rooms of resolved incidents that are to be archived; a timer is the row's due time. It goes when both the export and
-- the archiving are on their way.
CREATE TABLE room_archives (
    incident_id bigint PRIMARY KEY REFERENCES incidents ON DELETE CASCADE,
    set_at timestamptz NOT NULL,             -- when that was decided
    due_at timestamptz NOT NULL              -- when it is looked at next
);
-- Which has to be looked at, and when is the next?
CREATE INDEX room_archives_due ON room_archives (due_at);
CREATE TRIGGER room_archives_bell AFTER INSERT OR UPDATE OF due_at ON room_archives
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
