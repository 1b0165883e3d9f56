"""Decisions about ladders and pages."""
