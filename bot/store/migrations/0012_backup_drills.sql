-- Backups brought back: to prove them, and because a database is to be what it was.

-- When the next drill of each database is due: a timer is the row's due_at.
CREATE TABLE backup_drill_plans (
    name text PRIMARY KEY,                   -- its key in the runbook
    due_at timestamptz NOT NULL
);
-- What is due?
CREATE INDEX backup_drill_plans_due ON backup_drill_plans (due_at);

-- Every drill, and what was found.
CREATE TABLE backup_drills (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL DEFAULT 'running',   -- running, passed, failed, lost
    stage text NOT NULL DEFAULT '',          -- what it is doing, in words
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,                -- a runbook key, else a Slack id, or tocsin
    heard_at timestamptz NOT NULL,           -- the heartbeat of the process that runs it
    scratch text NOT NULL,                   -- the database it is restored into
    backup_id bigint REFERENCES backups,     -- null = none has been chosen yet, or none is valid
    ended_at timestamptz,                    -- null = running
    took interval,                           -- until the data was there and right; null = it was not
    rto interval,                            -- the objective at that time; null = none
    tables integer,                          -- null = nothing was counted
    rows bigint,                             -- null = nothing was counted
    answers integer,                         -- invariants that held; null = none was asked
    counted boolean NOT NULL DEFAULT false,  -- the rows are those that were backed up
    error text,                              -- why it failed; null = no trouble
    sweep_at timestamptz                     -- when the scratch database is to be looked for; null = it is gone
);
-- Does one run already?
CREATE UNIQUE INDEX backup_drills_running ON backup_drills (name) WHERE state = 'running';
-- Which was the last drill of this database?
CREATE INDEX backup_drills_of_name ON backup_drills (name, started_at DESC, id DESC);
-- Which scratch databases are still to be removed?
CREATE INDEX backup_drills_left ON backup_drills (sweep_at) WHERE sweep_at IS NOT NULL;

-- Every restore, from being asked for to its end.
CREATE TABLE backup_restores (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    backup_id bigint NOT NULL REFERENCES backups,
    state text NOT NULL,                     -- waiting, rejected, expired, running, done, failed, lost
    stage text NOT NULL DEFAULT '',          -- what it is doing, in words
    asked_by text NOT NULL,                  -- a runbook key, else a Slack id
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,         -- when nobody can approve it any more
    scratch text NOT NULL,                   -- the database it is brought back into first
    aside text NOT NULL,                     -- what the database of before is called afterwards
    heard_at timestamptz NOT NULL,           -- the heartbeat of the process that runs it
    decided_by text,                         -- who approved or rejected it; null = nobody
    decided_at timestamptz,
    reason text,                             -- why nobody else was asked; null = somebody was
    incident_id bigint REFERENCES incidents, -- null = it belongs to none
    safety_id bigint REFERENCES backups,     -- the backup taken before; null = none yet
    safety_error text,                       -- why there is none; null = no trouble
    exchanged_at timestamptz,                -- since when the restored data is in place; null = it is not
    kept boolean NOT NULL DEFAULT false,     -- the database of before stands there as `aside`
    ended_at timestamptz,                    -- null = it is not over
    took interval,                           -- from the approval to the end; null = it did not come to a good one
    rto interval,
    tables integer,
    rows bigint,
    answers integer,
    counted boolean NOT NULL DEFAULT false,
    error text,                              -- why it failed; null = no trouble
    sweep_at timestamptz                     -- when the scratch database is to be looked for; null = there is none
);
-- Is one of this database under way?
CREATE UNIQUE INDEX backup_restores_open ON backup_restores (name) WHERE state IN ('waiting', 'running');
-- Which are to expire, or to be given up?
CREATE INDEX backup_restores_expiring ON backup_restores (expires_at) WHERE state = 'waiting';
-- Which scratch databases are still to be removed?
CREATE INDEX backup_restores_left ON backup_restores (sweep_at) WHERE sweep_at IS NOT NULL;

ALTER TABLE backups ADD before_restore bigint; -- the restore that it was taken before, for safety; null = none

CREATE TRIGGER backup_drill_plans_new AFTER INSERT ON backup_drill_plans FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER backup_drill_plans_sooner AFTER UPDATE OF due_at ON backup_drill_plans
    FOR EACH ROW WHEN (NEW.due_at < OLD.due_at) EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER backup_restores_new AFTER INSERT ON backup_restores FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
