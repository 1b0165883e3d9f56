-- Planned work, announced ahead. `due_at` is when something of it becomes due by itself.
CREATE TABLE maintenance (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,                -- as planned
    notice interval NOT NULL,                    -- how long before its start it was to be announced
    audiences text[] NOT NULL,                   -- the runbook's keys
    matches jsonb NOT NULL,                      -- which alerts are silenced meanwhile, as a silence has it; {} = none
    shown text NOT NULL,                         -- the same as it was asked for
    author text NOT NULL,                        -- a runbook key, else a Slack id
    author_account text,                         -- their Slack id; null = asked for in a shell
    created_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'planned',       -- planned, under_way, done, cancelled
    silence_id bigint REFERENCES silences,       -- the latest; null = none was begun
    announced_at timestamptz,                    -- when its notice was put on its way
    began_at timestamptz,
    asked_at timestamptz,                        -- when its owner was asked whether it is done
    late_at timestamptz,                         -- when that had gone unanswered for too long
    ended_at timestamptz,                        -- done or cancelled
    ended_by text,
    reason text NOT NULL DEFAULT '',             -- why it was cancelled or moved; '' = none was given
    due_at timestamptz                           -- null = nothing happens by itself any more
);
-- What is due, and what is not over?
CREATE INDEX maintenance_due ON maintenance (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX maintenance_open ON maintenance (starts_at) WHERE state IN ('planned', 'under_way');
CREATE TRIGGER maintenance_new AFTER INSERT ON maintenance
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER maintenance_sooner AFTER UPDATE OF due_at ON maintenance
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL AND (OLD.due_at IS NULL OR NEW.due_at < OLD.due_at))
    EXECUTE FUNCTION ring_the_bell();

-- What happened to it, and who was told.
CREATE TABLE maintenance_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    maintenance_id bigint NOT NULL REFERENCES maintenance,
    at timestamptz NOT NULL,
    actor text NOT NULL,                         -- a runbook key, else a Slack id, or tocsin
    text text NOT NULL,
    key text,                                    -- what makes it once; null = every time
    UNIQUE (maintenance_id, key)
);
