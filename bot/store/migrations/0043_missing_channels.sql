-- What the runbook names and the bot cannot use under that name, so that every process and a shell say the same.
CREATE TABLE channels_missing (
    name text PRIMARY KEY,                       -- without '#'
    why text NOT NULL                            -- what is wrong and what to do, as people read it
);
-- When the room of an open incident was last looked at: by one process for all.
CREATE TABLE room_looks (
    incident_id bigint PRIMARY KEY REFERENCES incidents,
    looked_at timestamptz NOT NULL
);
