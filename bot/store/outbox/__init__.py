"""What has yet to leave, as it is kept."""
