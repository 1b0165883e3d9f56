-- Promises about time that a newer one has taken the place of: the incident was reopened, or its severity changed after
-- they were missed. Whether they were kept stays on record.
CREATE TABLE ended_deadlines (
    incident_id bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
    kind text NOT NULL,                      -- respond, resolve
    severity text NOT NULL,                  -- whose promise it was
    since timestamptz NOT NULL,
    by timestamptz NOT NULL,
    done_at timestamptz,                     -- when it was done; null = it was not, and time was up
    PRIMARY KEY (incident_id, kind, since, severity)
);
