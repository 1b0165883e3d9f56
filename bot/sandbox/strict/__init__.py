"""Slack's judgement of Block Kit: what is refused, and with which words."""
