"""Health checks, as they are kept."""
