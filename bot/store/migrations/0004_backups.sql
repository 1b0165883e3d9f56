-- Backups: when the next of each database is due, and every run with what became of it.

-- One row a database of the runbook; a timer is the row's due_at.
CREATE TABLE backup_plans (
    name text PRIMARY KEY,                   -- its key in the runbook
    due_at timestamptz NOT NULL
);
-- What is due?
CREATE INDEX backup_plans_due ON backup_plans (due_at);

-- Every run, and what became of it.
CREATE TABLE backups (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL DEFAULT 'running',   -- running, good, damaged, failed, lost, deleted
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,                -- a runbook key, else a Slack id, or tocsin
    heard_at timestamptz NOT NULL,           -- the heartbeat of the process that runs it
    ended_at timestamptz,                    -- null = running
    place text NOT NULL,                     -- a folder, or the address of a bucket
    file text NOT NULL,                      -- its name there
    machine text NOT NULL,                   -- whose folder that is
    size bigint NOT NULL DEFAULT 0,          -- bytes, so far
    sha256 text,                             -- null until it is whole
    tool text,                               -- the program and version that made it; null until it is whole
    server text,
    verified_at timestamptz,                 -- when it was last read back; null = never
    error text                               -- why it failed or is damaged; null = no trouble
);
-- Does one run already? Two processes cannot begin two.
CREATE UNIQUE INDEX backups_running ON backups (name) WHERE state = 'running';
-- Which backups has this database, newest first? Which is its last good one?
CREATE INDEX backups_of_name ON backups (name, started_at DESC, id DESC);
CREATE INDEX backups_good ON backups (name, started_at DESC, id DESC) WHERE state = 'good';

CREATE TRIGGER backup_plans_new AFTER INSERT ON backup_plans FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER backup_plans_sooner AFTER UPDATE OF due_at ON backup_plans
    FOR EACH ROW WHEN (NEW.due_at < OLD.due_at) EXECUTE FUNCTION ring_the_bell();
