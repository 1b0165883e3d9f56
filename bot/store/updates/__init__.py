"""The tables of stakeholder updates and their deliveries."""
