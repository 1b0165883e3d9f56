"""Decisions about stakeholder updates."""
