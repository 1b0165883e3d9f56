-- How long an incident was over before it was reopened: that is no part of how long it lasted.

ALTER TABLE incidents ADD COLUMN closed_for interval NOT NULL DEFAULT '0';

UPDATE incidents i SET closed_for = over.total
FROM (
    SELECT incident_id, sum(at - before) AS total
    FROM (
        SELECT incident_id, kind, at, lag(at) OVER (PARTITION BY incident_id ORDER BY at, id) AS before
        FROM timeline WHERE kind IN ('resolved', 'reopened')) turns
    WHERE kind = 'reopened' AND before IS NOT NULL
    GROUP BY incident_id) over
WHERE i.id = over.incident_id;
