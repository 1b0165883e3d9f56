"""Who is who in Slack, and who covers whom, as it is kept."""
