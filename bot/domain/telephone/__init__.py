"""Decisions about texts and calls."""
