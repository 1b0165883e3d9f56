"""Decisions about backups, drills and restores."""
