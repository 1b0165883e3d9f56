"""The tables of procedure runs and their ticks."""
