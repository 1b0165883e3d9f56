"""Procedures: where a run stands, which ones fit, and filling in commands."""
