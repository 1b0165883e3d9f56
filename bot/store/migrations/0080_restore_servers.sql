-- Two entries of the runbook may call one server by two names: a restore keeps which one it is.

ALTER TABLE backup_restores ADD COLUMN server_running text;  -- as it ran when the restore was asked for; null = not known
