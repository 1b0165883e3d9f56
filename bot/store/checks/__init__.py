"""The tables of health checks."""
