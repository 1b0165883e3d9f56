"""Outgoing protocols: mail, signed webhooks, texts and calls, S3, all with time limits."""
