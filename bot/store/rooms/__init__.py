"""Cards and closed channels, as they are kept."""
