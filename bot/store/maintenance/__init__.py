"""Planned work, as it is kept."""
