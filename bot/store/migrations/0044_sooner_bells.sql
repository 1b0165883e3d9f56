-- As of steps: what is put off rings no bell, nor what is due when it was. In a storm of alerts each delivery puts the
-- next look at its groups off, and finds their cards waiting to be edited already.
DROP TRIGGER alert_groups_bell ON alert_groups;
CREATE TRIGGER alert_groups_new AFTER INSERT ON alert_groups
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER alert_groups_sooner AFTER UPDATE OF due_at ON alert_groups
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL AND (OLD.due_at IS NULL OR NEW.due_at < OLD.due_at))
    EXECUTE FUNCTION ring_the_bell();
DROP TRIGGER outbox_bell ON outbox;
CREATE TRIGGER outbox_new AFTER INSERT ON outbox
    FOR EACH ROW WHEN (NEW.state = 'waiting') EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER outbox_sooner AFTER UPDATE OF due_at ON outbox
    FOR EACH ROW WHEN (NEW.state = 'waiting' AND (OLD.state <> 'waiting' OR NEW.due_at < OLD.due_at))
    EXECUTE FUNCTION ring_the_bell();
