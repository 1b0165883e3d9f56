"""The tables of planned work."""
