"""Decisions about checks."""
