"""Decisions about what telephones say."""
