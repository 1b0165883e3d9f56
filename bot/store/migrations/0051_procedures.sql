-- Procedures under way in an incident. The steps are those of the runbook when it began.
CREATE TABLE procedure_runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
    key text NOT NULL,                       -- of the runbook's procedure
    title text NOT NULL,
    steps json NOT NULL,                     -- json and not jsonb: answers keep their order
    started_by text NOT NULL,                -- a runbook key, else a Slack id; tocsin: opened for an alert
    started_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,         -- when it last went on
    due_at timestamptz,                      -- when to look whether the current step can be proved; null = a person's turn
    ended_at timestamptz                     -- null = steps are left
);
-- One at a time of each procedure in an incident: who opens it a second time finds it.
CREATE UNIQUE INDEX procedure_runs_under_way ON procedure_runs (incident_id, key) WHERE ended_at IS NULL;
-- Which procedures has an incident had?
CREATE INDEX procedure_runs_of_incident ON procedure_runs (incident_id, id);
-- Where can a step be proved, and when is the next?
CREATE INDEX procedure_runs_due ON procedure_runs (due_at) WHERE due_at IS NOT NULL;
CREATE TRIGGER procedure_runs_bell AFTER INSERT OR UPDATE OF due_at ON procedure_runs
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();

-- What was done about their steps, in its order; what was undone stays.
CREATE TABLE procedure_ticks (
    run_id bigint NOT NULL REFERENCES procedure_runs ON DELETE CASCADE,
    number int NOT NULL,                     -- from 0
    step int NOT NULL,                       -- which, from 0
    deed text NOT NULL,                      -- done, skipped, answered, approved, proved
    by text NOT NULL,                        -- a runbook key, else a Slack id; tocsin: proved
    at timestamptz NOT NULL,
    said text,                               -- the answer, why it was skipped, the evidence; null = nothing
    leads_to int,                            -- the step at which it goes on; null = the next
    opens text,                              -- the procedure in which it goes on; null = this one
    undone_at timestamptz,
    undone_by text,
    PRIMARY KEY (run_id, number)
);
