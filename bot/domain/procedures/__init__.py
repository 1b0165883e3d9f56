"""Procedures: the state of a run, which ones fit, and filling in commands."""
