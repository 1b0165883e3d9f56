"""The tables of backups, drills and restores."""
