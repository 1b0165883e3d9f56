"""Decisions about who is on call."""
