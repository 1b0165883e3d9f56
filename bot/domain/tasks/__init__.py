"""What people are asked for: tasks in an incident, checklists, and work that comes round."""
