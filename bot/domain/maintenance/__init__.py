"""Decisions about planned work."""
