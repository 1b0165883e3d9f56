-- A procedure keeps the steps it began with: since when the runbook has others.
ALTER TABLE procedure_runs ADD COLUMN outdated_at timestamptz;  -- null = the same, as far as the last process to start knows
