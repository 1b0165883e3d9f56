"""Procedures under way, as they are kept."""
