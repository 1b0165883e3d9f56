"""Slack's validation of Block Kit: what it rejects, and with which words."""
