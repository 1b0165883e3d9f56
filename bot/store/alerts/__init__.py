"""The tables of alerts, silences and heartbeats."""
