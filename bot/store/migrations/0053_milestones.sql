-- The six instants of an incident: started, detected, declared, acknowledged, mitigated, resolved.

ALTER TABLE incidents
    ADD COLUMN alerted_at timestamptz,            -- its first alert; null = none came before the declaration
    ADD COLUMN started_at timestamptz,            -- as somebody corrected it; null = when it was detected
    ADD COLUMN detected_at timestamptz,           -- likewise; null = the first alert, else the declaration
    ADD COLUMN first_acknowledged_at timestamptz, -- whatever became of that; null = nobody has yet
    ADD COLUMN mitigated_at timestamptz;          -- null = not yet, or not since it was reopened

UPDATE incidents i SET
    alerted_at = (
        SELECT min(a.first_at) FROM alert_groups g JOIN alerts a ON a.group_id = g.id
        WHERE g.incident_id = i.id AND a.first_at < i.declared_at),
    first_acknowledged_at = LEAST(i.acknowledged_at, (
        SELECT min(t.at) FROM timeline t WHERE t.incident_id = i.id AND t.kind = 'acknowledged')),
    mitigated_at = coalesce((
        SELECT min(t.at) FROM timeline t
        WHERE t.incident_id = i.id AND t.kind = 'status' AND t.text = 'monitoring' AND t.at > coalesce((
            SELECT max(r.at) FROM timeline r WHERE r.incident_id = i.id AND r.kind = 'reopened'), '-infinity')),
        i.resolved_at);

-- What numbers are made of; `Incident.milestones` says the same of one incident.
CREATE VIEW milestones AS
SELECT id AS incident_id, LEAST(started_at, coalesce(detected_at, alerted_at, declared_at)) AS started,
    coalesce(detected_at, alerted_at, declared_at) AS detected, declared_at AS declared,
    first_acknowledged_at AS acknowledged, mitigated_at AS mitigated, resolved_at AS resolved
FROM incidents;
