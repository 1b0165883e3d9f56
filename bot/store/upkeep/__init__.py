"""Queries about the processes themselves: their backlog, their leases, and the clock."""
