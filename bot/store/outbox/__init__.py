"""The outbox's tables: deliveries yet to be sent."""
