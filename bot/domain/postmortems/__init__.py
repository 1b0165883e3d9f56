"""Decisions about learning from incidents: post-mortems and actions."""
