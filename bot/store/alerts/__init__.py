"""Alerts and heartbeats, as they are kept."""
