"""The tables of telephone numbers."""
