-- What follows after the end, and what an update was written with.
ALTER TABLE stakeholder_updates ADD COLUMN written_at timestamptz;     -- since when the times it promises count; null = since it was kept
ALTER TABLE stakeholder_updates ADD COLUMN planned_from timestamptz;   -- of planned work, as it was planned then; null = of an incident, or not known
ALTER TABLE stakeholder_updates ADD COLUMN planned_until timestamptz;  -- the same, its planned end
ALTER TABLE stakeholder_updates ADD COLUMN overruled text;             -- why it leaves although something was found in it; null = nothing was overruled

-- Incidents that are watched after their end; a timer is the row's due time. It goes when the watch is over.
CREATE TABLE watches (
    incident_id bigint PRIMARY KEY REFERENCES incidents ON DELETE CASCADE,
    set_at timestamptz NOT NULL,             -- when the watch began
    due_at timestamptz NOT NULL              -- when it is over
);
-- What is over, and when is the next?
CREATE INDEX watches_due ON watches (due_at);
CREATE TRIGGER watches_bell AFTER INSERT OR UPDATE OF due_at ON watches
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
