-- What a backup holds, when its objective is missed, and what was cleaned up.

ALTER TABLE backups
    ADD deleted_at timestamptz,              -- when its file was deleted; null = it was not
    ADD tables integer,                      -- how many tables or collections it will have; null = not known
    ADD tables_done integer NOT NULL DEFAULT 0,
    ADD counts jsonb,                        -- the rows or documents of each table or collection; null = not counted
    ADD counted text;                        -- how they were counted, or why not; null = it is not whole yet
-- What was cleaned up this week?
CREATE INDEX backups_deleted ON backups (deleted_at) WHERE deleted_at IS NOT NULL;

-- Whether each database of the runbook has a backup that is young enough; a timer is the row's due_at.
CREATE TABLE backup_objectives (
    name text PRIMARY KEY,
    since timestamptz NOT NULL,              -- when the runbook first named it
    due_at timestamptz                       -- when its objective will be missed; null = it is, and the alert is open
);
-- Which objective is missed now?
CREATE INDEX backup_objectives_due ON backup_objectives (due_at);

-- The weekly report of what was cleaned up: one row.
CREATE TABLE backup_reports (
    id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    since timestamptz NOT NULL,              -- where the next report begins
    due_at timestamptz NOT NULL
);
