-- Who was added to a private incident by hand, or removed from it. Whoever declared it, has a role in it or was paged for
-- it is a member without a row.
CREATE TABLE incident_members (
    incident_id bigint NOT NULL REFERENCES incidents,
    person text NOT NULL,                    -- a runbook key, else a Slack id
    is_in boolean NOT NULL,                  -- added; false = removed
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (incident_id, person)
);
