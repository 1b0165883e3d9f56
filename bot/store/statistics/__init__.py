"""Numbers, counted where the rows are."""
