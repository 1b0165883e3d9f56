"""Backups, drills and restores, as they are kept."""
