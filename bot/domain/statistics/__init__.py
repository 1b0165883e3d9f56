"""Statistics of a period, and the period itself."""
