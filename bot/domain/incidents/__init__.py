"""Decisions about incidents."""
