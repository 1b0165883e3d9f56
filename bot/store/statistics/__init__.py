"""Statistics, counted in the database."""
