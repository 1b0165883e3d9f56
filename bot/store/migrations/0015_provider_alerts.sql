-- The alerts that services which page on our behalf have of our incidents.

-- One after the other: to what has been answered nobody is called again, so the next page opens the next one.
CREATE TABLE provider_alerts (
    incident_id bigint NOT NULL REFERENCES incidents,
    via text NOT NULL,                       -- pagerduty
    number int NOT NULL,                     -- 1, 2 …
    key text NOT NULL,                       -- what the provider knows it by
    since timestamptz NOT NULL,              -- when the page was due that opened it
    state text NOT NULL DEFAULT 'open',      -- open, acknowledged, resolved: what the provider has to be told
    changed_at timestamptz,                  -- when that state came to be; null = it is as it was opened
    PRIMARY KEY (incident_id, via, number)
);
-- Two pages at one instant open one.
CREATE UNIQUE INDEX provider_alerts_open ON provider_alerts (incident_id, via) WHERE state = 'open';

INSERT INTO provider_alerts (incident_id, via, number, key, since, state, changed_at)
SELECT i.id, p.via, 1,
    coalesce(max(p.reference), 'tocsin-INC-' || i.id || '.' || round(extract(epoch FROM i.declared_at))), min(p.due_at),
    CASE WHEN i.resolved_at IS NOT NULL THEN 'resolved'
         WHEN i.acknowledged_at IS NOT NULL THEN 'acknowledged' ELSE 'open' END,
    coalesce(i.resolved_at, i.acknowledged_at)
FROM pages p JOIN incidents i ON i.id = p.incident_id
WHERE p.via = 'pagerduty' AND p.attempts > 0
GROUP BY i.id, p.via;
