"""Decisions about alerts."""
