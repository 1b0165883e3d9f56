-- Backups that are being read back because somebody asked: each once at a time, and few together.
CREATE TABLE backup_verifications (
    backup_id bigint PRIMARY KEY REFERENCES backups,
    heard_at timestamptz NOT NULL            -- the heartbeat of the process that reads it
);
