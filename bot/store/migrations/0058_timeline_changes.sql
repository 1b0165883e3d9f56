-- Timeline entries that were corrected in their time, edited or hidden: how they were stays.

ALTER TABLE timeline ADD COLUMN hidden_at timestamptz;   -- null = it is shown

-- What was changed in an entry, by whom and why; never deleted.
CREATE TABLE timeline_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id bigint NOT NULL REFERENCES timeline ON DELETE CASCADE,
    incident_id bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    what text NOT NULL,                      -- time, text, hidden, shown
    was_at timestamptz NOT NULL,             -- the entry's time before
    was_text text NOT NULL,                  -- its words before
    why text NOT NULL                        -- '' = nobody said
);
-- What was changed in this incident's timeline?
CREATE INDEX timeline_changes_of_incident ON timeline_changes (incident_id, id);
