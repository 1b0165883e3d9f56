-- Ways that are used a while after their step, and the same people once more.
ALTER TABLE pages
    ADD COLUMN round int NOT NULL DEFAULT 1,  -- of one step: 2 = the same people once more
    ADD COLUMN planned_at timestamptz;        -- when its due_at was chosen, of a page that waits for that; null = at once
ALTER TABLE pages
    DROP CONSTRAINT pages_incident_id_run_loop_step_person_via_key,
    ADD UNIQUE (incident_id, run, loop, step, round, person, via);

DROP TRIGGER escalations_new ON escalations;
DROP TRIGGER escalations_sooner ON escalations;
ALTER TABLE escalations
    DROP COLUMN due_at,
    ADD COLUMN round int NOT NULL DEFAULT 1,  -- of the last step
    ADD COLUMN again_at timestamptz;          -- when its people are paged once more; null = they are not
ALTER TABLE escalations
    ADD COLUMN due_at timestamptz GENERATED ALWAYS AS (LEAST(next_at, again_at, reach_by)) STORED;
-- What is due?
CREATE INDEX escalations_due ON escalations (due_at) WHERE due_at IS NOT NULL;

CREATE TRIGGER escalations_new AFTER INSERT ON escalations
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER escalations_sooner AFTER UPDATE OF next_at, again_at, reach_by ON escalations
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL AND (OLD.due_at IS NULL OR NEW.due_at < OLD.due_at))
    EXECUTE FUNCTION ring_the_bell();
