"""What people are asked to do: tasks in an incident, checklists, and recurring work."""
