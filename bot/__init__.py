"""Tocsin: a small team's runbook, kept alive."""
