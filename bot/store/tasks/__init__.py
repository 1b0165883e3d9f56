"""The tables of tasks, checklists and recurring work."""
