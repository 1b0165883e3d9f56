"""Ladders, pages and what providers know of them, as they are kept."""
