"""What is learned after an incident, as it is kept."""
