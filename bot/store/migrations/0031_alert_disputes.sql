-- One member of an Alertmanager pair reported the end of an alert, and the other reports afterwards that it still fires.
-- The other may be late, or the only one that sees it: unless it reports the end as well, the alert opens again at
-- `due_at`.
CREATE TABLE alert_disputes (
    source text NOT NULL,
    fingerprint text NOT NULL,
    told_by text NOT NULL,                       -- the member that says it fires
    alert jsonb NOT NULL,                        -- as that member reported it
    due_at timestamptz NOT NULL,
    PRIMARY KEY (source, fingerprint)
);
-- Which are due?
CREATE INDEX alert_disputes_due ON alert_disputes (due_at);
CREATE TRIGGER alert_disputes_bell AFTER INSERT ON alert_disputes FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
