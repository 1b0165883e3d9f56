"""Decisions about what is learned after an incident: post-mortems and actions."""
