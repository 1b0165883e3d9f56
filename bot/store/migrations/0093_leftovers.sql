-- A database of ours that could not be removed is told, with where it is: the runbook may lead elsewhere by then.

-- Where the drill's database was made, as its server was found: {server, port, database, running}; null = it was not yet,
-- or before this was kept.
ALTER TABLE backup_drills ADD COLUMN place jsonb;

-- What drills and restores could not remove so far.
CREATE TABLE backup_leftovers (
    scratch text PRIMARY KEY,  -- the database
    name text NOT NULL,        -- the runbook's key of the one that it is a copy of
    why text NOT NULL,         -- what kept it from being removed the last time
    since timestamptz NOT NULL,
    told_at timestamptz        -- since when it is an alert; null = it is none yet
);
