-- A step that is put off rings no bell: whoever looks at the time that it had finds where it has moved. Every step that
-- is taken is put off to the next, and would else wake every process to find nothing.
DROP TRIGGER escalations_bell ON escalations;
CREATE TRIGGER escalations_new AFTER INSERT ON escalations
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER escalations_sooner AFTER UPDATE OF next_at, reach_by ON escalations
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL AND (OLD.due_at IS NULL OR NEW.due_at < OLD.due_at))
    EXECUTE FUNCTION ring_the_bell();
