-- When the current data had been dumped, as a restore does; null = not yet, or before this was kept.
ALTER TABLE backup_drills ADD COLUMN saved_at timestamptz;
