"""Stakeholder updates and their deliveries, as they are kept."""
