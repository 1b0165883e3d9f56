"""Incidents and what was promised about them, as they are kept."""
