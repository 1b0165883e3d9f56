"""Procedures: where one that is under way stands, which fit, and what of a command can be filled in."""
