-- Who has the App Home before them, so that a process that starts keeps it up to date for those of one that ended.
CREATE TABLE home_viewers (
    account text PRIMARY KEY,    -- in Slack
    name text NOT NULL,          -- the key in the runbook, else the account
    until timestamptz NOT NULL,  -- so long it is kept up to date
    drawn text NOT NULL          -- the digest of what it was drawn of last
);
